# Power by semTools and lavaan: Rscript tests/reference/power.R rewrites power/rmsea.csv, power/satorra_saris.csv and
# power/simulated.csv.
#
# Power of tests of fit is that of semTools. For Satorra and Saris, the structural model of the folder is fitted to the
# population's covariance matrix (by lavaan, from power/population.lav) with one path at a time fixed to zero: N times
# the discrepancy is the non-centrality. The simulation draws samples of the same population by lavaan and fits the
# model to each: what is random in it differs from ours, so that the two agree within their Monte Carlo errors.
suppressMessages({
  library(lavaan)
  library(semTools)
})
file_argument <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
home <- file.path(dirname(file_argument), "power")
digits <- function(x) trimws(formatC(x, digits = 17, format = "g"))
versions <- data.frame(
  r = as.character(getRversion()), lavaan = as.character(packageVersion("lavaan")),
  semtools = as.character(packageVersion("semTools"))
)

tests <- data.frame(null = c(0, 0.05, 0.05), alternative = c(0.05, 0.08, 0.01))
cases <- merge(tests, data.frame(df = c(2, 24, 60), n = c(100, 200, 400)), by = NULL)
cases$power <- mapply(findRMSEApower, cases$null, cases$alternative, cases$df, cases$n)
smallest <- mapply(function(a, b, d) findRMSEAsamplesize(a, b, d, power = 0.8), cases$null, cases$alternative, cases$df)
write.csv(
  data.frame(cases[c("null", "alternative", "df", "n")], power = digits(cases$power), n_target = smallest, versions),
  file.path(home, "rmsea.csv"), row.names = FALSE, quote = FALSE
)

text <- function(name) paste(readLines(file.path(home, name)), collapse = "\n")
n <- 300
population <- fitted(lavaan(text("population.lav"), do.fit = FALSE))$cov
model <- grep(":=", strsplit(text("model.lav"), "\n")[[1]], fixed = TRUE, invert = TRUE, value = TRUE)
paths <- c(a = "m ~ x", b = "y ~ m", c = "y ~ x")
noncentrality <- vapply(names(paths), function(label) {
  fit <- sem(
    sub(paste0("\\b", label, "\\*"), "0*", model), sample.cov = population, sample.nobs = n,
    sample.cov.rescale = FALSE
  )
  unname(fitMeasures(fit, "chisq"))
}, 0)
critical <- qchisq(0.95, 1)
write.csv(
  data.frame(
    parameter = paths, n = n, noncentrality = digits(noncentrality),
    power = digits(pchisq(critical, 1, noncentrality, lower.tail = FALSE)), versions
  ),
  file.path(home, "satorra_saris.csv"), row.names = FALSE, quote = FALSE
)

replications <- 600
m <- 200
set.seed(20201015)
fits <- lapply(seq_len(replications), function(i) {
  fit <- sem(text("model.lav"), data = simulateData(text("population.lav"), sample.nobs = m))
  parameterEstimates(fit)[c("lhs", "op", "rhs", "est", "se", "pvalue", "ci.lower", "ci.upper")]
})
first <- fits[[1]]
rows <- which(first$op %in% c("~", ":="))
truth <- c(0.4, 0.3, 0.15, 0.12)
column <- function(name) vapply(fits, function(fit) fit[[name]][rows], numeric(length(rows)))
covered <- column("ci.lower") <= truth & truth <= column("ci.upper")
write.csv(
  data.frame(
    parameter = ifelse(first$op == ":=", first$lhs, paste(first$lhs, first$op, first$rhs))[rows], n = m,
    replications = replications, power = digits(rowMeans(column("pvalue") < 0.05)),
    mean = digits(rowMeans(column("est"))), sd = digits(apply(column("est"), 1, sd)),
    mean_se = digits(sqrt(rowMeans(column("se")^2))), coverage = digits(rowMeans(covered)), versions
  ),
  file.path(home, "simulated.csv"), row.names = FALSE, quote = FALSE
)
