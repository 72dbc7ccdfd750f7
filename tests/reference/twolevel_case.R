# Two-level models of lavaan, closer to their optimum than its defaults leave them.

# The EM algorithm of the unrestricted model stops in lavaan where a step gains less than 1e-4 of log-likelihood, and
# takes no option. Near a singular matrix between clusters smaller steps don't help: each gains less than the last, far
# from the maximum. So a quasi-Newton search goes on from its end, on lavaan's own log-likelihood and derivatives.
exact_unrestricted <- function() {
  own <- lavaan:::lav_mvnorm_cluster_em_sat
  exact <- function(YLp, Lp, ...) {
    em <- own(YLp = YLp, Lp = Lp, verbose = FALSE, tol = 1e-9, max.iter = 3000L)
    climb_unrestricted(em, YLp, Lp)
  }
  utils::assignInNamespace("lav_mvnorm_cluster_em_sat", exact, "lavaan")
}

# The parameters are Cholesky factors, in units of the standard deviations at the start, so that both matrices stay
# covariance matrices, singular ones included.
climb_unrestricted <- function(start, YLp, Lp) {
  within_only <- !(Lp$ov.idx[[1]] %in% Lp$ov.idx[[2]])
  scale_w <- sqrt(diag(start$Sigma.W))
  scale_b <- sqrt(diag(start$Sigma.B))
  factor_at <- function(values, scale) {
    factor <- matrix(0, length(scale), length(scale))
    factor[lower.tri(factor, TRUE)] <- values
    factor * scale
  }
  start_factor <- function(sigma, scale) {
    factor <- t(chol(stats::cov2cor(sigma) + diag(1e-10, nrow(sigma))))
    factor[lower.tri(factor, TRUE)]
  }
  n_w <- length(scale_w) * (length(scale_w) + 1) / 2
  n_b <- length(scale_b) * (length(scale_b) + 1) / 2
  sizes <- c(n_w, n_b, sum(within_only), length(scale_b))
  at <- function(x) {
    part <- split(x, factor(rep(1:4, sizes), levels = 1:4))
    mu_w <- start$Mu.W
    mu_w[within_only] <- part[[3]]
    list(lw = factor_at(part[[1]], scale_w), lb = factor_at(part[[2]], scale_b), mu_w = mu_w, mu_b = part[[4]])
  }
  call_at <- function(f, x, ...) {
    p <- at(x)
    f(YLp = YLp, Lp = Lp, Mu.W = p$mu_w, Sigma.W = tcrossprod(p$lw), Mu.B = p$mu_b, Sigma.B = tcrossprod(p$lb), ...)
  }
  deviance <- function(x) {
    value <- -2 * call_at(lavaan:::lav_mvnorm_cluster_loglik_samplestats_2l, x, log2pi = TRUE, minus.two = FALSE)
    if (is.finite(value)) value else 1e30
  }
  gradient <- function(x) {
    d <- call_at(lavaan:::lav_mvnorm_cluster_dlogl_2l_samplestats, x, return.list = TRUE)
    p <- at(x)
    of_factor <- function(d_sigma, factor, scale) {
      # lavaan's derivatives are of pairs of equal elements, so those off the diagonal count twice already.
      product <- (d_sigma + diag(diag(d_sigma))) %*% factor * scale
      product[lower.tri(product, TRUE)]
    }
    c(
      of_factor(d$Sigma.W, p$lw, scale_w), of_factor(d$Sigma.B, p$lb, scale_b),
      as.vector(d$Mu.W)[within_only], as.vector(d$Mu.B)
    )
  }
  x <- c(
    start_factor(start$Sigma.W, scale_w), start_factor(start$Sigma.B, scale_b),
    start$Mu.W[within_only], start$Mu.B
  )
  found <- stats::optim(x, deviance, gradient, method = "BFGS", control = list(maxit = 5000, reltol = 1e-15))
  stopifnot(found$convergence == 0)
  p <- at(found$par)
  list(
    Sigma.W = tcrossprod(p$lw), Sigma.B = tcrossprod(p$lb), Mu.W = p$mu_w, Mu.B = p$mu_b, logl = -found$value / 2
  )
}

# The fit at the end of Newton steps: lavaan's table of starting values knows no levels, so the parameters are put into
# its model and everything else is computed anew. The baseline model is fitted with a tighter stop.
polished_two_level <- function(fit) {
  x <- newton_point(fit)
  options <- fit@Options
  options$optim.method <- "none"
  options$control <- list()
  table <- as.list(fit@ParTable)
  table$est[table$free > 0] <- x[table$free[table$free > 0]]
  table$se <- NULL
  polished <- lavaan::lavaan(
    slotParTable = table, slotModel = lavaan:::lav_model_set_parameters(fit@Model, x), slotOptions = options,
    slotSampleStats = fit@SampleStats, slotData = fit@Data, slotCache = fit@Cache, sloth1 = fit@h1
  )
  stopifnot(fmin(polished) <= fmin(fit) + 1e-6)
  polished
}
