# Writes products_semtools.csv: items and their products by semTools 0.5-6, centred twice. Matched pairs are three of all.
library(semTools)
set.seed(1)
n <- 30
f <- rnorm(n)
g <- .4 * f + rnorm(n)
items <- round(3 + data.frame(
  x1 = f + rnorm(n), x2 = f + rnorm(n), x3 = f + rnorm(n), x4 = g + rnorm(n), x5 = g + rnorm(n), x6 = g + rnorm(n)
), 3)
items$x2[4] <- NA
centred <- function(match) {
  indProd(items, 1:3, 4:6, match = match, meanC = TRUE, residualC = FALSE, doubleMC = TRUE)
}
matched <- centred(TRUE)
all <- centred(FALSE)
stopifnot(isTRUE(all.equal(matched, all[, names(matched)])))
write.csv(format(all, digits = 17), "products_semtools.csv", row.names = FALSE, quote = FALSE)
