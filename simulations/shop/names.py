"""The vocabulary of the travel shop: where to go, what to stay in, how such places are called."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("apartment", "guesthouse", "hotel", "villa", "hostel", "farm stay")
THEMES = ("sea", "city", "nature", "food", "history")


@dataclass(frozen=True)
class Destination:
    """A place to travel to; `themes` says what it is known for, `tongue` how houses are named."""

    name: str
    country: str
    tongue: str
    themes: tuple[str, ...]

    @property
    def coastal(self) -> bool:
        """Whether a stay can look out on the sea."""
        return "sea" in self.themes


@dataclass(frozen=True)
class Tongue:
    """Names of houses in one language: `heads` by kind (in the order of KINDS) and `tails`.

    `pattern` joins them, as in "Casa do Mar" or "Foxglove Cottage".
    """

    pattern: str
    heads: tuple[tuple[str, ...], ...]
    tails: tuple[str, ...]


DESTINATIONS = (
    Destination("Lisbon", "Portugal", "pt", ("city", "food", "sea")),
    Destination("Barcelona", "Spain", "es", ("city", "sea", "food")),
    Destination("Rome", "Italy", "it", ("history", "city", "food")),
    Destination("Vienna", "Austria", "de", ("city", "history")),
    Destination("Crete", "Greece", "el", ("sea", "history")),
    Destination("Mallorca", "Spain", "es", ("sea", "nature")),
    Destination("Edinburgh", "Scotland", "en", ("history", "city")),
    Destination("Nice", "France", "fr", ("sea", "food")),
    Destination("Florence", "Italy", "it", ("history", "food")),
    Destination("Porto", "Portugal", "pt", ("city", "food")),
    Destination("Salzburg", "Austria", "de", ("history", "nature")),
    Destination("Seville", "Spain", "es", ("city", "history")),
    Destination("Berlin", "Germany", "de", ("city",)),
    Destination("Cornwall", "England", "en", ("sea", "nature")),
    Destination("Madeira", "Portugal", "pt", ("nature", "sea")),
    Destination("Bergen", "Norway", "no", ("nature", "sea")),
    Destination("Naples", "Italy", "it", ("food", "sea")),
    Destination("Annecy", "France", "fr", ("nature",)),
    Destination("Corfu", "Greece", "el", ("sea", "nature")),
    Destination("Athens", "Greece", "el", ("history", "city")),
    Destination("Galway", "Ireland", "en", ("nature", "food")),
    Destination("Lyon", "France", "fr", ("food", "city")),
    Destination("Lofoten", "Norway", "no", ("nature", "sea")),
    Destination("Palermo", "Italy", "it", ("food", "sea", "history")),
    Destination("Algarve", "Portugal", "pt", ("sea",)),
    Destination("Valencia", "Spain", "es", ("food", "sea")),
    Destination("Bath", "England", "en", ("history",)),
    Destination("Brittany", "France", "fr", ("sea", "nature")),
    Destination("Naxos", "Greece", "el", ("sea",)),
    Destination("Black Forest", "Germany", "de", ("nature",)),
    Destination("Oslo", "Norway", "no", ("city",)),
    Destination("South Tyrol", "Italy", "de", ("nature", "food")),
)

TONGUES = {
    "pt": Tongue(
        "{head} {tail}",
        (
            ("Apartamento", "Estúdio", "Terraço"),
            ("Casa", "Pensão", "Solar"),
            ("Hotel", "Pousada", "Palácio"),
            ("Vila", "Quinta", "Mansão"),
            ("Hostel", "Albergue"),
            ("Herdade", "Monte", "Granja"),
        ),
        (
            *("do Mar", "da Serra", "dos Limoeiros", "das Andorinhas", "do Farol", "da Ribeira"),
            *("das Oliveiras", "do Sol", "da Praça Velha", "do Moinho", "das Amendoeiras"),
            *("da Colina", "do Jardim", "das Marés", "do Poço", "da Lua Cheia", "dos Azulejos"),
            *("da Figueira", "do Miradouro", "das Gaivotas", "da Fonte", "do Vento"),
        ),
    ),
    "es": Tongue(
        "{head} {tail}",
        (
            ("Apartamento", "Ático", "Estudio"),
            ("Casa", "Pensión", "Posada"),
            ("Hotel", "Palacio", "Parador"),
            ("Villa", "Torre", "Mansión"),
            ("Hostal", "Albergue"),
            ("Finca", "Cortijo", "Hacienda"),
        ),
        (
            *("de los Naranjos", "del Patio", "de la Luna", "del Puerto", "de las Golondrinas"),
            *("del Olivar", "de la Sal", "de los Faroles", "del Almendro", "de la Brisa"),
            *("de la Plaza", "del Río", "de las Palmeras", "del Mirador", "de la Higuera"),
            *("del Campanario", "de los Jazmines", "de la Cala", "del Alba", "de las Tejas"),
        ),
    ),
    "it": Tongue(
        "{head} {tail}",
        (
            ("Appartamento", "Attico", "Loft"),
            ("Casa", "Locanda", "Pensione"),
            ("Hotel", "Albergo", "Palazzo"),
            ("Villa", "Torre", "Dimora"),
            ("Ostello", "Rifugio"),
            ("Podere", "Masseria", "Cascina"),
        ),
        (
            *("dei Limoni", "della Fontana", "del Campanile", "delle Rondini", "al Porto Vecchio"),
            *("degli Ulivi", "della Luna", "del Glicine", "dei Mosaici", "delle Stelle"),
            *("al Ponte", "della Seta", "del Fico", "dei Mercanti", "delle Rose", "al Tramonto"),
            *("del Pozzo", "dei Cipressi", "della Vigna", "al Vicolo"),
        ),
    ),
    "fr": Tongue(
        "{head} {tail}",
        (
            ("Appartement", "Studio", "Loft"),
            ("Maison", "Pension", "Auberge"),
            ("Hôtel", "Relais", "Manoir"),
            ("Villa", "Bastide", "Demeure"),
            ("Gîte d'étape", "Hostel"),
            ("Ferme", "Domaine", "Mas"),
        ),
        (
            *("des Tilleuls", "du Vieux Port", "de la Lanterne", "des Hirondelles", "du Moulin"),
            *("des Vignes", "de la Source", "du Phare", "des Glycines", "de la Halle"),
            *("du Marché", "des Oliviers", "de la Dune", "du Clocher", "des Embruns"),
            *("de la Clairière", "du Lavoir", "des Cerisiers", "de l'Horloge", "du Rivage"),
        ),
    ),
    "de": Tongue(
        "{head} {tail}",
        (
            ("Ferienwohnung", "Studio", "Dachwohnung"),
            ("Pension", "Gasthaus", "Haus"),
            ("Hotel", "Stadthotel", "Schlosshotel"),
            ("Villa", "Landhaus", "Chalet"),
            ("Hostel", "Herberge"),
            ("Hof", "Almhütte", "Gutshof"),
        ),
        (
            *("zur Linde", "am Brunnen", "Abendrot", "zum Goldenen Hahn", "am Mühlbach"),
            *("Sonnwend", "zur Alten Post", "am Stadtpark", "Morgentau", "zum Kirschbaum"),
            *("am Rosengarten", "Waldblick", "zur Laterne", "am Steg", "Silberdistel"),
            *("zum Uhrmacher", "am Weinberg", "Enzian", "zur Glocke", "am Kanal"),
        ),
    ),
    "en": Tongue(
        "{tail} {head}",
        (
            ("Apartment", "Loft", "Studio"),
            ("House", "Guesthouse", "Inn"),
            ("Hotel", "Hall", "Arms"),
            ("Lodge", "Manor", "Cottage"),
            ("Hostel", "Bunkhouse"),
            ("Farm", "Barn", "Croft"),
        ),
        (
            *("Foxglove", "Harbour Lane", "Lantern", "Thistle", "Old Chapel", "Kingfisher"),
            *("Heather Hill", "Saltmarsh", "Copper Beech", "Lighthouse", "Bramble", "Two Rivers"),
            *("Clocktower", "Driftwood", "Rowan", "Quayside", "Hawthorn", "Slate Roof"),
            *("Larkspur", "Windmill", "Oyster", "Ivy Gate"),
        ),
    ),
    "el": Tongue(
        "{head} {tail}",
        (
            ("Apartment", "Studios", "Rooftop"),
            ("Spiti", "Pension", "Xenonas"),
            ("Hotel", "Palati", "Megaro"),
            ("Villa", "Archontiko", "Pyrgos"),
            ("Hostel", "Kalyva"),
            ("Ktima", "Agroktima", "Mylos"),
        ),
        (
            *("Thalassa", "Meltemi", "Elaia", "Galini", "Anatoli", "Kymata", "Levanta", "Selini"),
            *("Asteria", "Rodia", "Limani", "Petra", "Yasemi", "Ammos", "Avra", "Kyparissi"),
            *("Fanari", "Sykia", "Chelidoni", "Iliovasilema"),
        ),
    ),
    "no": Tongue(
        "{tail} {head}",
        (
            ("Leilighet", "Loft", "Studio"),
            ("Gjestehus", "Pensjonat", "Losji"),
            ("Hotell", "Grand", "Brygge"),
            ("Villa", "Sjøhus", "Lodge"),
            ("Vandrerhjem", "Hostel"),
            ("Gård", "Seter", "Rorbu"),
        ),
        (
            *("Nordlys", "Solsiden", "Fjordgløtt", "Bjørkelia", "Havbris", "Gamlebyen", "Tjeld"),
            *("Lyngheim", "Midnattssol", "Fossen", "Skjærgård", "Utsikten", "Granlia"),
            *("Måkeberget", "Blåfjell", "Kveldsro", "Strandgata", "Fyrlykta", "Elvebakken"),
            *("Svaberg",),
        ),
    ),
}
