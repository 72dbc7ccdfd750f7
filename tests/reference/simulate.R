# Writes simulated.csv: 400 rows in 40 unequal clusters and three groups, drawn so that the cases which need rows can
# run where the shared data aren't. Skewed continuous items a, b, c, ordinal items o (five answers) and p (three),
# four occasions t, covariates x1 and x2, a sampling weight.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
set.seed(20201013)
n <- 400
size <- rep(c(2, 4, 6, 8, 10, 12, 14, 24), each = 5)
cluster <- rep(seq_along(size), size)
between <- matrix(rnorm(40 * 3, sd = 0.4), 40)[cluster, ]
x1 <- rnorm(n)
x2 <- rbinom(n, 1, 0.4)
f1 <- 0.3 * x1 + rnorm(n) + between[, 1]
f2 <- 0.5 * f1 + 0.3 * x2 + rnorm(n, sd = 0.8) + between[, 2]
f3 <- 0.3 * f1 + 0.4 * f2 + rnorm(n, sd = 0.8) + between[, 3]
skewed <- function(n) (rchisq(n, 3) - 3) / sqrt(6)
items <- function(factor, loadings, prefix, noise) {
  out <- sapply(loadings, function(loading) loading * factor + 0.7 * noise(n))
  colnames(out) <- paste0(prefix, seq_along(loadings))
  out
}
a <- items(f1, c(1, 0.8, 0.9, 0.7), "a", skewed)
b <- items(f2, c(1, 1.1, 0.8, 0.9), "b", skewed)
c <- items(f3, c(1, 0.7, 0.9, 1.2), "c", rnorm)
o <- apply(items(f1, c(1, 0.9, 0.8, 0.7), "o", rnorm), 2, function(y) findInterval(y, c(-1.5, -0.5, 0.4, 1.4)) + 1)
p <- apply(items(f2, c(1, 0.8, 0.9, 1.1), "p", rnorm), 2, function(y) findInterval(y, c(-0.6, 0.9)) + 1)
slope <- 0.5 + 0.2 * rnorm(n)
t <- sapply(0:3, function(time) 1 + f1 + slope * time + rnorm(n, sd = 0.6))
colnames(t) <- paste0("t", 1:4)
group <- c("north", "south", "west")[cluster %% 3 + 1]
weight <- round(exp(rnorm(n, sd = 0.4)), 4)
table <- data.frame(cluster, group, weight, x1 = round(x1, 4), x2, round(cbind(a, b, c), 4), o, p, round(t, 4))
write.csv(table, file.path(dirname(script), "simulated.csv"), row.names = FALSE, quote = FALSE)
