# Fits on request and answers with seconds: a line "calls formula data.csv" comes in, the elapsed time of a whole call,
# Satterthwaite's degrees of freedom included, goes out: the mean of as many calls in a row, then the log-likelihood.
suppressPackageStartupMessages(library(lmerTest))
cat(R.version.string, "lme4", as.character(packageVersion("lme4")), "\n")
flush(stdout())
requests <- file("stdin", open = "r")
while (length(request <- readLines(requests, n = 1)) > 0) {
  field <- strsplit(request, "\t")[[1]]
  data <- read.csv(field[3])
  formula <- as.formula(field[2])
  calls <- as.integer(field[1])
  seconds <- system.time(suppressMessages(for (i in seq_len(calls)) {
    fit <- lmer(formula, data)
    table <- coef(summary(fit))
  }))[["elapsed"]]
  cat(seconds / calls, sprintf("%.10g", as.numeric(logLik(fit))), "\n")
  flush(stdout())
}
