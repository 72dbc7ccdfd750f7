"""Sample moments of ordinal variables: thresholds, polychoric and polyserial correlations, their covariance."""
