"""Painted backgrounds from a vocabulary of places, lights and weathers, and the sentences that name them."""

from longanimation.data.synth.backdrop.backdrop import Backdrop

__all__ = ["Backdrop"]
