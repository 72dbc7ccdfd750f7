# Climbs the ladder of invariance on request and answers with seconds: a line "estimator missing ordered group calls
# model.lav data.csv" comes in, the elapsed time of all rungs goes out, syntax, fits, fit measures and difference tests
# included: the mean of as many calls in a row, then the chi-square of the last rung.
suppressPackageStartupMessages({
  library(lavaan)
  library(semTools)
})
cat(R.version.string, "lavaan", as.character(packageVersion("lavaan")), "semTools",
  as.character(packageVersion("semTools")), "\n")
flush(stdout())

ladder <- function(model, data, estimator, missing, ordered, group) {
  kinds <- c(if (length(ordered)) "thresholds", "loadings", "intercepts", "residuals")
  parameterization <- if (length(ordered)) "theta" else "delta"
  before <- NULL
  for (rung in 0:length(kinds)) {
    options <- list(configural.model = model, data = data, group = group, ID.fac = "std.lv",
      ID.cat = "Wu.Estabrook.2016", group.equal = if (rung) kinds[seq_len(rung)] else "")
    arguments <- list(data = data, group = group, estimator = estimator, missing = missing)
    if (length(ordered)) {
      options <- c(options, list(ordered = ordered, parameterization = parameterization))
      arguments <- c(arguments, list(ordered = ordered, parameterization = parameterization))
    }
    syntax <- as.character(do.call("measEq.syntax", options))
    fit <- do.call("cfa", c(list(model = syntax), arguments))
    measures <- fitMeasures(fit)
    if (!is.null(before)) test <- lavTestLRT(before, fit)
    before <- fit
  }
  measures[["chisq"]]
}

requests <- file("stdin", open = "r")
while (length(request <- readLines(requests, n = 1)) > 0) {
  field <- strsplit(request, "\t")[[1]]
  data <- read.csv(field[7])
  model <- paste(readLines(field[6]), collapse = "\n")
  ordered <- if (field[3] == "all") lavNames(lavaanify(model), "ov") else character(0)
  calls <- as.integer(field[5])
  seconds <- system.time(suppressWarnings(for (i in seq_len(calls)) {
    chisq <- ladder(model, data, field[1], field[2], ordered, field[4])
  }))[["elapsed"]]
  cat(seconds / calls, sprintf("%.10g", chisq), "\n")
  flush(stdout())
}
