# Bootstrap standard errors and the Bollen-Stine p-value of lavaan: Rscript tests/reference/bootstrap.R rewrites
# bootstrap/estimates.csv and bootstrap/test.csv. Two factors of the first 300 rows of simulated.csv.
suppressMessages(library(lavaan))
file_argument <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
reference <- dirname(file_argument)
home <- file.path(reference, "bootstrap")
dir.create(home, showWarnings = FALSE)
resamples <- 1000
seed <- 20201015
data <- head(read.csv(file.path(reference, "simulated.csv")), 300)
fit <- cfa(paste(readLines(file.path(home, "model.lav")), collapse = "\n"), data = data)

set.seed(seed)
estimates <- bootstrapLavaan(fit, R = resamples, type = "ordinary", FUN = coef)
set.seed(seed)
statistics <- bootstrapLavaan(
  fit, R = resamples, type = "bollen.stine", FUN = function(x) fitMeasures(x, "chisq")
)
table <- parTable(fit)
table <- table[table$free > 0, ]
digits <- function(x) formatC(x, digits = 17, format = "g")
write.csv(
  data.frame(lhs = table$lhs, op = table$op, rhs = table$rhs, se = trimws(digits(apply(estimates, 2, sd)))),
  file.path(home, "estimates.csv"), row.names = FALSE, quote = FALSE
)
chisq <- fitMeasures(fit, "chisq")
write.csv(
  data.frame(
    seed = seed, resamples = nrow(estimates), resamples_test = length(statistics), chisq = trimws(digits(chisq)),
    pvalue = mean(statistics > chisq), r = as.character(getRversion()), lavaan = as.character(packageVersion("lavaan"))
  ),
  file.path(home, "test.csv"), row.names = FALSE, quote = FALSE
)
