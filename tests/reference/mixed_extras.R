# What other packages say of a mixed model that lme4 fitted: clubSandwich and performance.

# Packages that the case's dump asks beside lme4.
second_opinions <- function(case) {
  c(if ("cluster_robust" %in% case$dump) "clubSandwich", if ("performance" %in% case$dump) "performance")
}

# Bias-reduced cluster-robust covariance (CR2) with Satterthwaite's degrees of freedom.
cluster_robust_table <- function(fit) {
  if (length(lme4::ngrps(fit)) != 1) stop("clubSandwich takes one grouping factor")
  # clubSandwich knows the class lmerMod, not lmerTest's.
  plain <- as(fit, "lmerMod")
  test <- clubSandwich::coef_test(plain, vcov = "CR2", test = "Satterthwaite")
  data.frame(
    term = rownames(test), est = test$beta, se = test$SE, df = test$df_Satt, pvalue = test$p_Satt, row.names = NULL
  )
}

explained_variance <- function(fit) {
  r2 <- performance::r2_nakagawa(fit, tolerance = 0)
  list(r2_marginal = r2$R2_marginal[[1]], r2_conditional = r2$R2_conditional[[1]])
}

# Deletion of one group at a time: standardised changes of the coefficients and Cook's distance, as lme4 has them.
influence_table <- function(case) {
  data <- with_factors(derive(case, join(case, read_data(case))))
  model <- as.formula(read_text(file.path(case$folder, "formula.txt")))
  fit <- do.call(lme4::lmer, list(model, data, REML = !isTRUE(case$options$ml), control = TIGHT))
  deleted <- influence(fit, groups = names(lme4::ngrps(fit)))
  changes <- dfbetas(deleted)
  data.frame(
    level = rep(rownames(changes), ncol(changes)), term = rep(colnames(changes), each = nrow(changes)),
    dfbetas = as.vector(changes), cooks_distance = rep(unname(cooks.distance(deleted)), ncol(changes))
  )
}

# Predictions for every seventh row from the third on, eight in all, the last two of which get a group of their own.
prediction_table <- function(case) {
  data <- with_factors(derive(case, join(case, read_data(case))))
  model <- as.formula(read_text(file.path(case$folder, "formula.txt")))
  fit <- do.call(lme4::lmer, list(model, data, REML = !isTRUE(case$options$ml), control = TIGHT))
  new <- data[seq(3, by = 7, length.out = 8), ]
  for (group in unique(unlist(strsplit(names(lme4::ngrps(fit)), ":")))) {
    new[[group]] <- if (is.factor(new[[group]])) as.character(new[[group]]) else new[[group]]
    new[[group]][7:8] <- if (is.character(new[[group]])) "new" else 10^6
  }
  with_effects <- predict(fit, new, allow.new.levels = TRUE, na.action = na.pass)
  without <- predict(fit, new, re.form = NA, na.action = na.pass)
  data.frame(with_effects = unname(with_effects), without = unname(without))
}
