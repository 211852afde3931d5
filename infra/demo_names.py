"""Names of people who do not exist, for demo schools."""

import random
from collections.abc import Iterator

_GIVEN = (
    "Ada Alba Aitor Alma Ana Andrés Aroa Arturo Ben Berta Blanca Bruno Carla Carmen César Clara Daniel Diana Diego"
    " Edith Elena Elías Emma Enzo Eva Félix Flora Gael Gloria Greta Hugo Ian Inés Iris Iván Jana Joel Julia Kai Laia"
    " Lara Leo Lía Lola Luca Lucía Mara Mario Marta Mateo Maya Mía Nadia Nico Nina Noa Nora Olga Oliver Omar Paula"
    " Pedro Quim Rita Rosa Rubén Sara Saúl Silvia Sofía Tania Teo Tomás Uma Vera Violeta Xavi Yara Zoe"
)
_FAMILY = (
    "Abad Acosta Aldana Alvear Arce Ayala Barrios Bell Blake Bravo Brook Cano Carver Casal Castro Cobo Cole Cruz"
    " Cuevas Dale Díaz Duarte Ellis Esteve Ferrer Field Flores Fuentes Galán Garza Gil Grant Guzmán Hale Haro Hayes"
    " Herrera Hoyos Ibarra Ivars Jara Keane Lago Lane Larra León Lerma Luna Marsh Mata Mena Mills Mora Moss Muñoz"
    " Nash Navas Niño Ochoa Olmos Ortega Pardo Peña Pike Prado Quesada Ramos Reed Rey Ríos Rivas Rojas Romero Rowe"
    " Salas Santos Serra Shaw Solís Soto Stone Tapia Téllez Torres Ulloa Urrutia Valle Vance Vega Vidal Wells West"
    " Yáñez York Zamora"
)
GIVEN, FAMILY = _GIVEN.split(), _FAMILY.split()


def families(chance: random.Random) -> Iterator[str]:
    """Family names, each once and then each once again, in an order that `chance` decides."""
    while True:
        yield from chance.sample(FAMILY, len(FAMILY))


def given_names(chance: random.Random, number: int) -> list[str]:
    """Different ones, for the members of one family."""
    return chance.sample(GIVEN, number)
