# Two-level models of lavaan, closer to their optimum than its defaults leave them.

# The EM algorithm of the unrestricted model stops in lavaan where a step gains less than 1e-4 of log-likelihood, and
# takes no option; here it goes on to 1e-11, or for as many steps as near a singular matrix are worth their time.
exact_unrestricted <- function() {
  own <- lavaan:::lav_mvnorm_cluster_em_sat
  exact <- function(...) {
    arguments <- list(...)
    arguments[c("tol", "max.iter")] <- list(1e-11, 3000L)
    do.call(own, arguments)
  }
  utils::assignInNamespace("lav_mvnorm_cluster_em_sat", exact, "lavaan")
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
