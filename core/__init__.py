"""What a classifier is and how it learns: data, models, training, evaluation, comparison, photos, prediction."""
