# Small samples, weak loadings, variances near zero, wrong models, units far apart: what lavaan makes of each.
# Rscript tests/reference/hard_fits.R rewrites hard_fits/normals.csv and hard_fits/fits.csv.
#
# Data of a fit: n rows of normals.csv from row `first` on, z1-z3 for the factors, e1-e9 for the items:
# f1 = z1, f2 = r z1 + sqrt(1 - r^2) z2, f3 likewise with z3, x = l f + sqrt(1 - l^2) e with the loadings of `loadings`.
# `units`: "far" multiplies items 1, 4, 7 by 100 and 3, 6, 9 by 0.01. `missing`: each fifth cell, counted along
# rows from 1, is taken out. `ordered`: cut at -0.4 and 0.6.
suppressMessages(library(lavaan))
file_argument <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
home <- file.path(dirname(file_argument), "hard_fits")

loadings <- list(weak = rep(0.3, 9), middling = rep(0.5, 9), uneven = rep(c(0.95, 0.6, 0.3), 3))
models <- list(
  two = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6",
  three = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf3 =~ x7 + x8 + x9",
  structural = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf3 =~ x7 + x8 + x9\nf3 ~ f1 + f2",
  wrong = "f1 =~ x1 + x4 + x7\nf2 =~ x2 + x5 + x8\nf3 =~ x3 + x6 + x9",
  pairs = "f1 =~ x1 + x2\nf2 =~ x4 + x5\nf3 =~ x7 + x8"
)
kinds <- data.frame(
  estimator = c("ML", "ML", "MLR", "ML", "WLSMV"),
  units = c("same", "far", "same", "same", "same"),
  missing = c("listwise", "listwise", "listwise", "fiml", "listwise"),
  stringsAsFactors = FALSE
)

data_of <- function(normals, case) {
  z <- as.matrix(normals[case$first + seq_len(case$n) - 1, ])
  r <- 0.4
  f <- cbind(z[, 1], r * z[, 1] + sqrt(1 - r^2) * z[, 2], r * z[, 1] + sqrt(1 - r^2) * z[, 3])
  l <- loadings[[case$loadings]]
  x <- sapply(1:9, function(j) l[j] * f[, (j + 2) %/% 3] + sqrt(1 - l[j]^2) * z[, 3 + j])
  if (case$units == "far") x <- x %*% diag(rep(c(100, 1, 0.01), 3))
  if (case$missing == "fiml") {
    gone <- matrix(seq_along(x) %% 5 == 0, nrow(x), byrow = TRUE)
    x[gone] <- NA
  }
  if (case$estimator == "WLSMV") x <- (x > -0.4) + (x > 0.6)
  setNames(as.data.frame(x), paste0("x", 1:9))
}

run <- function(normals, case) {
  data <- data_of(normals, case)
  options <- list(models[[case$model]], data = data, estimator = case$estimator, missing = case$missing)
  if (case$estimator == "WLSMV") options <- c(options, list(ordered = TRUE))
  fit <- tryCatch(suppressWarnings(do.call("cfa", options)), error = function(e) NULL)
  converged <- !is.null(fit) && lavInspect(fit, "converged")
  if (!converged) return(data.frame(converged = FALSE, chisq = NA, df = NA, negative = NA, curvature = NA))
  table <- parTable(fit)
  hessian <- suppressWarnings(tryCatch(lavInspect(fit, "hessian"), error = function(e) NULL))
  curvature <- NA
  if (!is.null(hessian)) {
    scale <- 1 / sqrt(pmax(diag(hessian), 1e-300))
    curvature <- min(eigen(hessian * outer(scale, scale), symmetric = TRUE, only.values = TRUE)$values)
  }
  measures <- fitMeasures(fit, c("chisq", "df"))
  data.frame(
    converged = TRUE, chisq = measures[["chisq"]], df = measures[["df"]],
    negative = any(table$op == "~~" & table$lhs == table$rhs & table$est < 0), curvature = curvature
  )
}

set.seed(20201015)
normals <- as.data.frame(round(matrix(rnorm(400 * 12), 400), 3))
names(normals) <- c(paste0("z", 1:3), paste0("e", 1:9))
cases <- merge(
  expand.grid(n = c(25, 40, 60), loadings = names(loadings), model = names(models), stringsAsFactors = FALSE), kinds
)
cases <- cases[order(cases$estimator, cases$units, cases$missing, cases$model, cases$loadings, cases$n), ]
cases$first <- 1 + (37 * seq_len(nrow(cases))) %% 340
results <- do.call(rbind, lapply(seq_len(nrow(cases)), function(i) run(normals, cases[i, ])))
written <- cbind(cases, results)
written$chisq <- trimws(formatC(written$chisq, digits = 17, format = "g"))
written$curvature <- trimws(formatC(written$curvature, digits = 3, format = "g"))
dir.create(home, showWarnings = FALSE)
write.csv(normals, file.path(home, "normals.csv"), row.names = FALSE, quote = FALSE)
write.csv(written, file.path(home, "fits.csv"), row.names = FALSE, quote = FALSE)
writeLines(sprintf("R %s, lavaan %s", getRversion(), packageVersion("lavaan")), file.path(home, "versions.txt"))
