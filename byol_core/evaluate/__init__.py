"""How good a representation is, judged with labels that it has never seen."""

from byol_core.evaluate.knn import knn_accuracy, knn_predict

__all__ = ["knn_accuracy", "knn_predict"]
