# Fits a mixed-model case with a binary outcome by lme4::glmer, with an ordinal one by ordinal::clmm, and collects
# what they say of it.
#
# Both stop early: glmer's default leaves up to 1e-3 in single estimates, clmm's inner Newton stops at a gradient of
# 1e-4. So the inner iterations are tightened, glmer is fitted from two starts (clmm from its own), and Newton steps on
# the program's own objective finish the better one. The standard errors are from the Hessian of that objective in all
# parameters, as both programs take them.

INNER <- 1e-12
STEPS <- 4

# Gradient and Hessian by central differences of two step lengths, extrapolated. Steps are shares of a standard
# error: short enough for the differences, long enough for the rounding of the inner iterations (numDeriv's are not).
derivatives <- function(objective, par) {
  size <- 1 / sqrt(abs(diag(stats::optimHess(par, objective))))
  shifted <- function(i, si, j, sj) {
    par[i] <- par[i] + si
    par[j] <- par[j] + sj
    objective(par)
  }
  k <- length(par)
  first <- function(h) vapply(seq_len(k), function(i) {
    (shifted(i, h * size[i], i, 0) - shifted(i, -h * size[i], i, 0)) / (2 * h * size[i])
  }, 0)
  second <- function(h) {
    out <- matrix(0, k, k)
    for (i in seq_len(k)) {
      for (j in seq_len(i)) {
        a <- h * size[i]
        b <- h * size[j]
        corners <- shifted(i, a, j, b) - shifted(i, a, j, -b) - shifted(i, -a, j, b) + shifted(i, -a, j, -b)
        out[i, j] <- out[j, i] <- corners / (4 * a * b)
      }
    }
    out
  }
  list(gradient = (4 * first(0.02) - first(0.04)) / 3, hessian = (4 * second(0.02) - second(0.04)) / 3)
}

# Newton on 'objective' in the parameters that are 'free'; the others stay.
polish <- function(objective, par, free = rep(TRUE, length(par))) {
  within_free <- function(x) {
    par[free] <- x
    objective(par)
  }
  for (step in seq_len(STEPS)) {
    at <- derivatives(within_free, par[free])
    if (max(abs(at$gradient / sqrt(diag(at$hessian)))) < 1e-7) break
    par[free] <- par[free] - solve(at$hessian, at$gradient)
  }
  list(par = par, value = objective(par), gradient_max = max(abs(at$gradient)), hessian = at$hessian)
}

discrete_data <- function(case) {
  data <- with_factors(derive(case, join(case, read_data(case))))
  formula <- as.formula(read_text(file.path(case$folder, "formula.txt")))
  outcome <- all.vars(formula)[1]
  data[[outcome]] <- factor(data[[outcome]])
  data <- droplevels(data[stats::complete.cases(data[all.vars(formula)]), ])
  list(formula = formula, data = data, levels = levels(data[[outcome]]))
}

wald_table <- function(term, est, se) {
  half <- qnorm(0.975) * se
  data.frame(
    term = term, est = est, se = se, z = est / se, pvalue = 2 * pnorm(-abs(est / se)), ci_lower = est - half,
    ci_upper = est + half, odds_ratio = exp(est), row.names = NULL
  )
}

# Latent-scale shares of variance (Nakagawa, Johnson and Schielzeth 2017, table 2: pi^2 / 3 for the logit link); the
# variance of the fixed part has divisor n - 1.
latent_shares <- function(fixed_predictor, z, sigma) {
  fixed <- var(as.vector(fixed_predictor))
  random <- mean(rowSums((z %*% sigma) * z))
  total <- fixed + random + pi^2 / 3
  list(
    icc = random / (random + pi^2 / 3), r2_marginal = fixed / total, r2_conditional = (fixed + random) / total
  )
}

# Rows as VarCorr gives them: variances, then covariances.
component_table <- function(group, sigma) {
  terms <- colnames(sigma)
  sd <- sqrt(diag(sigma))
  rows <- data.frame(grp = group, var1 = terms, var2 = NA_character_, vcov = diag(sigma), sdcor = sd, row.names = NULL)
  for (pair in if (length(terms) > 1) utils::combn(length(terms), 2, simplify = FALSE)) {
    covariance <- sigma[pair[1], pair[2]]
    rows <- rbind(rows, data.frame(
      grp = group, var1 = terms[pair[1]], var2 = terms[pair[2]], vcov = covariance,
      sdcor = covariance / prod(sd[pair]), row.names = NULL
    ))
  }
  rows
}

# Conditional modes of the first 12 groups.
mode_table <- function(modes, variances) {
  keep <- seq_len(min(12, nrow(modes)))
  tables <- lapply(seq_len(ncol(modes)), function(j) data.frame(
    term = colnames(modes)[j], level = rownames(modes)[keep], est = modes[keep, j], se = sqrt(variances[keep, j]),
    row.names = NULL
  ))
  do.call(rbind, tables)
}

# A covariance matrix without the attributes that VarCorr gives it.
plain <- function(sigma) matrix(sigma, nrow(sigma), dimnames = dimnames(sigma))

criteria <- function(loglik, npar, n) {
  list(loglik = loglik, npar = npar, aic = 2 * npar - 2 * loglik, bic = log(n) * npar - 2 * loglik)
}

# glmer's objective in theta (lower triangle of Lambda) and the fixed effects, with what builds a fit from it.
glmer_objective <- function(case, input) {
  parts <- lme4::glFormula(input$formula, input$data, family = binomial)
  control <- lme4::glmerControl(
    optimizer = "bobyqa", tolPwrss = INNER, calc.derivs = FALSE, optCtrl = list(rhoend = 1e-9, maxfun = 1e5)
  )
  nagq <- as.integer(case$options$quadrature)
  call <- bquote(lme4::glmer(input$formula, input$data, family = binomial, nAGQ = .(nagq), control = control))
  fits <- list(eval(call))
  small <- 0.3 * (parts$reTrms$lower == 0) + 0.01
  call$start <- quote(list(theta = small))
  fits[[2]] <- eval(call)
  fit <- fits[[which.max(vapply(fits, logLik, numeric(1)))]]
  list(value = update(fit, devFunOnly = TRUE), fit = fit, parts = parts)
}

glmer_expected <- function(case) {
  input <- discrete_data(case)
  objective <- glmer_objective(case, input)
  theta <- lme4::getME(objective$fit, "theta")
  # A standard deviation on the boundary stays there.
  at_zero <- lme4::getME(objective$fit, "lower") == 0 & theta < 1e-4
  start <- c(ifelse(at_zero, 0, theta), lme4::fixef(objective$fit))
  end <- polish(objective$value, start, c(!at_zero, rep(TRUE, length(start) - length(theta))))
  best <- list(par = end$par, fval = end$value, conv = 0, message = NULL)
  fit <- lme4::mkMerMod(environment(objective$value), best, objective$parts$reTrms, objective$parts$fr)
  beta <- end$par[-seq_along(theta)]
  covariance <- 2 * solve(end$hessian)
  fixed <- seq_len(nrow(covariance)) > sum(!at_zero)
  sigma <- plain(lme4::VarCorr(fit)[[1]])
  modes <- lme4::ranef(fit, condVar = TRUE)[[1]]
  variances <- matrix(apply(attr(modes, "postVar"), 3, diag), nrow(modes), byrow = TRUE)
  c(
    list(
      versions = versions("lme4"), optimiser = list(gradient_max = end$gradient_max),
      nobs = nobs(fit), groups = as.list(lme4::ngrps(fit)), levels = as.list(input$levels),
      fixed = wald_table(names(lme4::fixef(fit)), beta, sqrt(diag(covariance))[fixed]),
      random = component_table(names(lme4::ngrps(fit)), sigma), singular = any(at_zero) || lme4::isSingular(fit),
      ranef = mode_table(as.matrix(modes), variances)
    ),
    criteria(-end$value / 2, length(end$par), nobs(fit)),
    latent_shares(model.matrix(fit) %*% beta, lme4::getME(fit, "mmList")[[1]], sigma)
  )
}

# clmm's objective in thresholds, coefficients and its own parameters of the random effects.
clmm_objective <- function(case, input) {
  control <- ordinal::clmm.control(gradTol = 1e-10, innerCtrl = "noWarn")
  nagq <- as.integer(case$options$quadrature)
  fit_with <- function(...) ordinal::clmm(input$formula, input$data, nAGQ = nagq, control = control, ...)
  rho <- fit_with(doFit = FALSE)
  scalar <- is.null(rho$Zt)
  value <- if (!scalar) ordinal:::getNLA else if (nagq == 1) ordinal:::getNLA.ssr else ordinal:::getNAGQ.ssr
  list(value = function(par) value(rho, par), fit = fit_with())
}

clmm_expected <- function(case) {
  input <- discrete_data(case)
  objective <- clmm_objective(case, input)
  fit <- objective$fit
  end <- polish(objective$value, fit$optRes$par)
  at_end <- refit_clmm(case, input, end$par, fit)
  nfixed <- length(fit$coefficients)
  se <- sqrt(diag(solve(end$hessian)))[seq_len(nfixed)]
  nalpha <- length(fit$alpha)
  thresholds <- seq_len(nalpha)
  sigma <- plain(ordinal::VarCorr(at_end)[[1]])
  x <- model.matrix(lme4::nobars(input$formula), input$data)[, -1, drop = FALSE]
  z <- model.matrix(as.formula(paste("~", deparse(lme4::findbars(input$formula)[[1]][[2]]))), input$data)
  estimates <- end$par[seq_len(nfixed)]
  modes <- ordinal::ranef(at_end, condVar = FALSE)[[1]]
  variances <- as.matrix(ordinal::condVar(at_end)[[1]])
  c(
    list(
      versions = versions("ordinal"), optimiser = list(gradient_max = end$gradient_max),
      nobs = nrow(input$data), groups = as.list(vapply(fit$gfList, nlevels, 1L)), levels = as.list(input$levels),
      thresholds = wald_table(names(fit$alpha), estimates[thresholds], se[thresholds]),
      fixed = if (nfixed > nalpha) wald_table(names(fit$beta), estimates[-thresholds], se[-thresholds]),
      random = component_table(names(fit$gfList), sigma), singular = FALSE,
      ranef = mode_table(as.matrix(modes), variances)
    ),
    criteria(-end$value, length(end$par), nrow(input$data)),
    latent_shares(x %*% estimates[-thresholds], z, sigma)
  )
}

# The fitted object at given parameters: clmm from there, with no step of the optimiser.
refit_clmm <- function(case, input, par, fit) {
  nfixed <- length(fit$coefficients)
  start <- if (is.null(fit$Zt)) par else list(par[seq_len(nfixed)], par[-seq_len(nfixed)])
  control <- ordinal::clmm.control(gradTol = 1e-10, innerCtrl = "noWarn", eval.max = 1, iter.max = 0)
  ordinal::clmm(
    input$formula, input$data, nAGQ = as.integer(case$options$quadrature), start = start, control = control
  )
}

discrete_expected <- function(case) {
  if (case$options$family == "binomial") glmer_expected(case) else clmm_expected(case)
}
