# Fits on request and answers with seconds: a line "estimator missing ordered bootstrap calls cluster model.lav data.csv"
# comes in, the elapsed time of a whole call, fit measures included, goes out: the mean of as many calls in a row.
suppressPackageStartupMessages(library(lavaan))
cat(R.version.string, "lavaan", as.character(packageVersion("lavaan")), "\n")
flush(stdout())
requests <- file("stdin", open = "r")
while (length(request <- readLines(requests, n = 1)) > 0) {
  field <- strsplit(request, "\t")[[1]]
  data <- read.csv(field[8])
  model <- paste(readLines(field[7]), collapse = "\n")
  call <- list(quote(cfa), model = quote(model), data = quote(data), estimator = field[1], missing = field[2])
  if (field[3] == "all") call$ordered <- TRUE
  if (field[4] != "0") call <- c(call, list(se = "bootstrap", bootstrap = as.integer(field[4])))
  if (field[6] != "none") call$cluster <- field[6]
  calls <- as.integer(field[5])
  seconds <- system.time(suppressWarnings(for (i in seq_len(calls)) {
    fit <- eval(as.call(call))
    measures <- fitMeasures(fit)
  }))[["elapsed"]]
  cat(seconds / calls, lavInspect(fit, "iterations"), measures[["chisq"]], "\n")
  flush(stdout())
}
