"""Images as hospitals have them: decode a file, and map its range."""

from .load_medical_image import LoadMedicalImage

__all__ = ['LoadMedicalImage']
