# Fits a mixed-model case by lme4 and lmerTest and collects what they say of it.

# lme4's optimiser is tightened, so that its estimates are good to about 1e-8.
TIGHT <- lme4::lmerControl(
  optimizer = "nloptwrap",
  optCtrl = list(xtol_abs = 1e-11, xtol_rel = 1e-11, ftol_abs = 1e-11, ftol_rel = 1e-15, maxeval = 1e5)
)
CLOSE <- lme4::lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-3, rhoend = 1e-10, maxfun = 1e5))
ROUGH <- lme4::lmerControl(optimizer = "Nelder_Mead", calc.derivs = FALSE)

# Columns that a case derives, in this order: scale means of the answered items where at least half are
# answered, means of a column within groups, differences of two columns, 1 where a column is at least a number.
derive <- function(case, data) {
  for (name in names(case$scales)) {
    items <- data[case$scales[[name]]]
    enough <- rowSums(!is.na(items)) >= ncol(items) / 2
    data[[name]] <- ifelse(enough, rowMeans(items, na.rm = TRUE), NA)
  }
  for (name in names(case$group_means)) {
    column <- case$group_means[[name]]
    data[[name]] <- ave(data[[column[1]]], data[[column[2]]], FUN = function(x) mean(x, na.rm = TRUE))
  }
  for (name in names(case$differences)) {
    column <- case$differences[[name]]
    data[[name]] <- data[[column[1]]] - data[[column[2]]]
  }
  for (name in names(case$cuts)) {
    cut <- case$cuts[[name]]
    data[[name]] <- as.integer(data[[cut[1]]] >= as.numeric(cut[2]))
  }
  data
}

join <- function(case, data) {
  if (is.null(case$data$join)) return(data)
  other <- read.csv(file.path(shared_folder(case$reference), case$data$join), stringsAsFactors = FALSE)
  by <- case$data$join_by
  cbind(data, other[match(data[[by]], other[[by]]), case$data$join_columns, drop = FALSE])
}

# Text becomes a factor, levels in alphabetical order.
with_factors <- function(data) {
  text <- vapply(data, is.character, logical(1))
  data[text] <- lapply(data[text], factor)
  data
}

# Centring as the study's formulas write it: at the mean of all rows where the variable is known, or at means of groups
# over the rows that the model takes, which fit_mixed says.
analysed <- NULL
center <- function(x) x - mean(x, na.rm = TRUE)
between <- function(x, group) {
  ave(replace(x, !analysed, NA), group, FUN = function(of_group) mean(of_group, na.rm = TRUE))
}
within <- function(x, group) x - between(x, group)

# lme4 can stop on the boundary of a singular fit while a better optimum lies inside. So the model is fitted
# from lme4's start and from where Nelder-Mead ends, and the better of the two is kept. A search in its neighbourhood
# takes what the first has left, where it gains anything.
fit_mixed <- function(case) {
  data <- with_factors(derive(case, join(case, read_data(case))))
  if (!is.null(case$options$weights)) data$.weights <- data[[case$options$weights]]
  formula <- as.formula(read_text(file.path(case$folder, "formula.txt")))
  analysed <<- complete.cases(data[all.vars(formula)])
  call <- bquote(lmerTest::lmer(formula, data, REML = .(!isTRUE(case$options$ml))))
  if (!is.null(case$options$weights)) call$weights <- quote(.weights)
  fit_with <- function(control, start = NULL) {
    call$control <- control
    call$start <- start
    eval(call)
  }
  rough <- lme4::getME(fit_with(ROUGH), "theta")
  fits <- list(fit_with(TIGHT), fit_with(TIGHT, list(theta = rough)))
  best <- fits[[which.min(round(vapply(fits, criterion, numeric(1)), 7))]]
  closer <- fit_with(CLOSE, list(theta = lme4::getME(best, "theta")))
  if (criterion(closer) < criterion(best)) closer else best
}

criterion <- function(fit) if (lme4::isREML(fit)) lme4::REMLcrit(fit) else deviance(fit)

# Satterthwaite's degrees of freedom; the interval is the estimate plus and minus qt(.975, df) standard errors.
fixed_table <- function(fit) {
  table <- coef(summary(fit, ddf = "Satterthwaite"))
  half <- qt(0.975, table[, "df"]) * table[, "Std. Error"]
  data.frame(
    term = rownames(table), est = table[, "Estimate"], se = table[, "Std. Error"], df = table[, "df"],
    t = table[, "t value"], pvalue = table[, "Pr(>|t|)"],
    ci_lower = table[, "Estimate"] - half, ci_upper = table[, "Estimate"] + half, row.names = NULL
  )
}

anova_table <- function(fit) {
  table <- anova(fit, type = "III", ddf = "Satterthwaite")
  if (nrow(table) == 0) return(NULL)
  data.frame(
    term = rownames(table), sum_sq = table[["Sum Sq"]], num_df = table[["NumDF"]], den_df = table[["DenDF"]],
    f = table[["F value"]], pvalue = table[["Pr(>F)"]]
  )
}

# Conditional modes of the first 12 levels of each grouping factor.
ranef_table <- function(fit) {
  table <- as.data.frame(lme4::ranef(fit, condVar = TRUE))
  first <- function(levels) levels %in% head(unique(as.character(levels)), 12)
  keep <- as.logical(ave(as.character(table$grp), table$grpvar, FUN = first))
  with(table[keep, ], data.frame(
    group = grpvar, term = as.character(term), level = as.character(grp), est = condval, se = condsd
  ))
}

# Nakagawa, Johnson and Schielzeth (2017): the random part is the mean over rows of z' Sigma z (Johnson 2014);
# the variance of the fixed part has divisor n - 1.
variance_parts <- function(fit) {
  fixed <- var(as.vector(model.matrix(fit) %*% lme4::fixef(fit)))
  scaled <- lme4::getME(fit, "Z") %*% lme4::getME(fit, "Lambda")
  random <- sigma(fit)^2 * sum(scaled^2) / nobs(fit)
  list(fixed = fixed, random = random, residual = sigma(fit)^2)
}

profile_table <- function(fit) {
  table <- confint(fit, method = "profile", oldNames = FALSE, quiet = TRUE)
  data.frame(term = rownames(table), ci_lower = table[, 1], ci_upper = table[, 2], row.names = NULL)
}

mixed_expected <- function(case) {
  fit <- fit_mixed(case)
  part <- variance_parts(fit)
  total <- part$fixed + part$random + part$residual
  random <- as.data.frame(lme4::VarCorr(fit))
  derivatives <- fit@optinfo$derivs
  list(
    versions = versions(c("lme4", "lmerTest", second_opinions(case))),
    optimiser = list(
      messages = as.list(unlist(fit@optinfo$conv$lme4$messages)), gradient_max = max(abs(derivatives$gradient)),
      theta = as.list(lme4::getME(fit, "theta"))
    ),
    reml = lme4::isREML(fit), nobs = nobs(fit), groups = as.list(lme4::ngrps(fit)),
    fixed = fixed_table(fit), fixed_vcov = plain_matrix(as.matrix(vcov(fit))), anova = anova_table(fit),
    random = random[c("grp", "var1", "var2", "vcov", "sdcor")],
    loglik = as.numeric(logLik(fit)), npar = attr(logLik(fit), "df"), aic = AIC(fit), bic = BIC(fit),
    deviance = criterion(fit), singular = lme4::isSingular(fit),
    icc = part$random / (part$random + part$residual), r2_marginal = part$fixed / total,
    r2_conditional = (part$fixed + part$random) / total, variance_parts = part,
    ranef = ranef_table(fit), fitted = as.list(unname(head(fitted(fit), 10))),
    fitted_population = as.list(unname(head(predict(fit, re.form = NA), 10))),
    profile = if ("profile" %in% case$dump) profile_table(fit),
    cluster_robust = if ("cluster_robust" %in% case$dump) cluster_robust_table(fit),
    performance = if ("performance" %in% case$dump) explained_variance(fit),
    influence = if ("influence" %in% case$dump) influence_table(case),
    predictions = if ("predictions" %in% case$dump) prediction_table(case)
  )
}
