# Fits a case by lavaan and collects what lavaan says of it. Options have the names of our command.

# Our option names on the left, lavaan's on the right; what isn't listed has the same name.
LAVAAN_NAMES <- c(
  std_lv = "std.lv", group_equal = "group.equal", group_partial = "group.partial", weights = "sampling.weights"
)

lavaan_arguments <- function(case) {
  options <- case$options
  known <- names(options) %in% names(LAVAAN_NAMES)
  names(options)[known] <- LAVAAN_NAMES[names(options)[known]]
  options$cov <- options$means <- options$nobs <- NULL
  if (identical(options$ordered, "all")) options$ordered <- TRUE
  c(options, case$lavaan)
}

# Rows, or the moments in the case's folder.
lavaan_data <- function(case) {
  if (is.null(case$options$cov)) return(list(data = read_data(case)))
  matrix_of <- function(file) as.matrix(read.csv(file.path(case$folder, file), row.names = 1))
  out <- list(sample.cov = matrix_of(case$options$cov), sample.nobs = case$options$nobs)
  if (!is.null(case$options$means)) {
    means <- matrix_of(case$options$means)
    out$sample.mean <- setNames(means[, 1], rownames(means))
  }
  out
}

fit_case <- function(case, model_file = "model.lav") {
  model <- read_text(file.path(case$folder, model_file))
  sem <- function(...) do.call("sem", list(...), envir = asNamespace("lavaan"))
  arguments <- c(list(model = model), lavaan_data(case), lavaan_arguments(case))
  fit <- do.call(sem, arguments)
  start <- newton_table(fit)
  if (is.null(start)) return(fit)
  # 'fixed.x' is said again, since lavaan drops its default when it is given a table of starting values.
  again <- list(start = start, optim.method = "none", fixed.x = lavaan::lavInspect(fit, "options")$fixed.x)
  do.call(sem, c(arguments, again))
}

# lavaan stops where the gradient is about 1e-6, which leaves some 1e-6 in the estimates. Newton steps on
# its own gradient and Hessian take that away; the second fit only evaluates at the point they reach.
# Null where a constraint isn't a linear equality: there lavaan's own stop is kept.
newton_table <- function(fit) {
  model <- fit@Model
  if (length(model@ceq.nonlinear.idx) || nrow(model@cin.JAC) || !model@nx.free) return(NULL)
  hessian <- lavaan::lavInspect(fit, "hessian")
  basis <- if (model@eq.constraints) model@eq.constraints.K else diag(nrow(hessian))
  hessian <- t(basis) %*% hessian %*% basis
  x <- lavaan:::lav_model_get_parameters(model)
  for (step in 1:5) {
    gradient <- lavaan:::lav_model_gradient(model, lavsamplestats = fit@SampleStats, lavdata = fit@Data)
    x <- x - as.vector(basis %*% solve(hessian, t(basis) %*% gradient))
    model <- lavaan:::lav_model_set_parameters(model, x)
  }
  table <- lavaan::parTable(fit)
  table$est[table$free > 0] <- x[table$free[table$free > 0]]
  as.data.frame(table)
}

# Group number to label; null where there is one group, and for defined parameters.
group_label <- function(fit, number) {
  labels <- lavaan::lavInspect(fit, "group.label")
  if (length(labels) == 0 || is.null(number)) return(NULL)
  ifelse(number > 0, labels[pmax(number, 1)], NA_character_)
}

with_group <- function(fit, table) {
  label <- group_label(fit, table$group)
  table$group <- if (is.null(label)) rep(NA_character_, nrow(table)) else label
  names(table) <- underscored(names(table))
  table
}

parameter_table <- function(fit) {
  table <- as.data.frame(lavaan::parameterEstimates(fit, standardized = TRUE))
  table <- with_group(fit, table)
  if (is.null(table$level)) table$level <- 1
  if (is.null(table$label)) table$label <- ""
  columns <- c(
    "lhs", "op", "rhs", "group", "level", "label", "est", "se", "z", "pvalue", "ci_lower", "ci_upper",
    "std_lv", "std_all"
  )
  table[columns]
}

fit_list <- function(fit) {
  measures <- lavaan::fitMeasures(fit)
  setNames(as.list(as.numeric(measures)), underscored(names(measures)))
}

# A list per group, or the thing itself where there is one group.
per_group <- function(fit, value, transform = identity) {
  if (lavaan::lavInspect(fit, "ngroups") == 1) transform(value) else lapply(value, transform)
}

r_squared <- function(fit) {
  value <- tryCatch(lavaan::lavInspect(fit, "rsquare"), error = function(e) NULL)
  if (length(value) == 0) return(NULL)
  per_group(fit, value, function(x) as.list(unclass(x)))
}

plain_matrix <- function(x) unname(matrix(as.numeric(x), nrow(x), ncol(x)))

# Names, N, means and covariance (divisor N) of the rows a fit used, a list per group.
moments <- function(fit) {
  groups <- lavaan::lavInspect(fit, "sampstat", drop.list.single.group = FALSE)
  nobs <- lavaan::lavInspect(fit, "nobs")
  labels <- lavaan::lavInspect(fit, "group.label")
  lapply(seq_along(groups), function(g) {
    cov <- groups[[g]]$cov
    rows <- fit@Data@X[[g]]
    mean <- groups[[g]]$mean
    if (is.null(mean) && length(rows) > 0) mean <- colMeans(rows)
    list(
      group = if (length(labels)) labels[g] else NULL, nobs = nobs[g], names = as.list(colnames(cov)),
      mean = if (is.null(mean)) NULL else as.list(as.numeric(mean)), cov = plain_matrix(cov)
    )
  })
}

versions <- function(packages) {
  found <- vapply(packages, function(p) as.character(packageVersion(p)), character(1))
  c(list(R = paste(R.version$major, R.version$minor, sep = ".")), as.list(found))
}

optimiser <- function(fit) {
  gradient <- lavaan::lavInspect(fit, "optim.gradient")
  list(
    converged = lavaan::lavInspect(fit, "converged"),
    gradient_max = if (length(gradient)) max(abs(gradient)) else 0
  )
}

sem_expected <- function(case) {
  fit <- fit_case(case)
  list(
    versions = versions("lavaan"), optimiser = optimiser(fit),
    nobs = lavaan::lavInspect(fit, "ntotal"),
    parameters = parameter_table(fit), fit = fit_list(fit), r2 = r_squared(fit), moments = moments(fit)
  )
}
