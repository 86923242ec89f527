/// An instrument's key: which of its items measure which value.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instrument {
    /// Its name, such as `PVQ40`.
    pub name: &'static str,
    /// The lowest answer.
    pub low: i32,
    /// The highest answer.
    pub high: i32,
    /// Number of items, numbered from 1.
    pub n_items: usize,
    /// Its values in the order of Schwartz's circle, with the numbers of their items.
    pub values: &'static [(&'static str, &'static [usize])],
    /// The higher values, with the values that they consist of.
    pub higher: &'static [(&'static str, &'static [&'static str])],
}

/// The Portrait Values Questionnaire with 40 items: ten values, answers 1 to 6.
///
/// S. H. Schwartz, *Draft users manual: proper use of the Schwartz Value Survey* and the sheets of 2021.
pub static PVQ_40: Instrument = Instrument {
    name: "PVQ40",
    low: 1,
    high: 6,
    n_items: 40,
    values: &[
        ("Self_Direction", &[1, 11, 22, 34]),
        ("Stimulation", &[6, 15, 30]),
        ("Hedonism", &[10, 26, 37]),
        ("Achievement", &[4, 13, 24, 32]),
        ("Power", &[2, 17, 39]),
        ("Security", &[5, 14, 21, 31, 35]),
        ("Conformity", &[7, 16, 28, 36]),
        ("Tradition", &[9, 20, 25, 38]),
        ("Benevolence", &[12, 18, 27, 33]),
        ("Universalism", &[3, 8, 19, 23, 29, 40]),
    ],
    higher: HIGHER,
};

/// The short form of 21 items that the European Social Survey asks: ten values, answers 1 to 6.
pub static PVQ_21: Instrument = Instrument {
    name: "PVQ21",
    low: 1,
    high: 6,
    n_items: 21,
    values: &[
        ("Self_Direction", &[1, 11]),
        ("Stimulation", &[6, 15]),
        ("Hedonism", &[10, 21]),
        ("Achievement", &[4, 13]),
        ("Power", &[2, 17]),
        ("Security", &[5, 14]),
        ("Conformity", &[7, 16]),
        ("Tradition", &[9, 20]),
        ("Benevolence", &[12, 18]),
        ("Universalism", &[3, 8, 19]),
    ],
    higher: HIGHER,
};

/// The revised questionnaire with 57 items: nineteen values, answers 1 to 6. Humility and Face belong
/// to no higher value.
///
/// S. H. Schwartz et al., "Refining the theory of basic individual values", Journal of Personality
/// and Social Psychology 103 (2012).
pub static PVQ_RR: Instrument = Instrument {
    name: "PVQ-RR",
    low: 1,
    high: 6,
    n_items: 57,
    values: &[
        ("Self_Direction_Thought", &[1, 23, 39]),
        ("Self_Direction_Action", &[16, 30, 56]),
        ("Stimulation", &[10, 28, 43]),
        ("Hedonism", &[3, 36, 46]),
        ("Achievement", &[17, 32, 48]),
        ("Power_Dominance", &[6, 29, 41]),
        ("Power_Resources", &[12, 20, 44]),
        ("Face", &[9, 24, 49]),
        ("Security_Personal", &[13, 26, 53]),
        ("Security_Societal", &[2, 35, 50]),
        ("Tradition", &[18, 33, 40]),
        ("Conformity_Rules", &[15, 31, 42]),
        ("Conformity_Interpersonal", &[4, 22, 51]),
        ("Humility", &[7, 38, 54]),
        ("Universalism_Nature", &[8, 21, 45]),
        ("Universalism_Concern", &[5, 37, 52]),
        ("Universalism_Tolerance", &[14, 34, 57]),
        ("Benevolence_Care", &[11, 25, 47]),
        ("Benevolence_Dependability", &[19, 27, 55]),
    ],
    higher: HIGHER_RR,
};

/// The Schwartz Value Survey with 57 items, of which 46 are scored: ten values, answers -1 to 7.
pub static SVS: Instrument = Instrument {
    name: "SVS",
    low: -1,
    high: 7,
    n_items: 57,
    values: &[
        ("Self_Direction", &[5, 16, 31, 41, 53]),
        ("Stimulation", &[9, 25, 37]),
        ("Hedonism", &[4, 50, 57]),
        ("Achievement", &[34, 39, 43, 55]),
        ("Power", &[3, 12, 27, 46]),
        ("Security", &[8, 13, 15, 22, 56]),
        ("Conformity", &[11, 20, 40, 47]),
        ("Tradition", &[18, 32, 36, 44, 51]),
        ("Benevolence", &[33, 45, 49, 52, 54]),
        ("Universalism", &[1, 17, 24, 26, 29, 30, 35, 38]),
    ],
    higher: HIGHER,
};

const HIGHER: &[(&str, &[&str])] = &[
    ("Self_Transcendence", &["Universalism", "Benevolence"]),
    ("Self_Enhancement", &["Achievement", "Power"]),
    (
        "Openness_to_Change",
        &["Self_Direction", "Stimulation", "Hedonism"],
    ),
    ("Conservation", &["Security", "Conformity", "Tradition"]),
];

const HIGHER_RR: &[(&str, &[&str])] = &[
    (
        "Self_Transcendence",
        &[
            "Universalism_Nature",
            "Universalism_Concern",
            "Universalism_Tolerance",
            "Benevolence_Care",
            "Benevolence_Dependability",
        ],
    ),
    (
        "Self_Enhancement",
        &["Achievement", "Power_Dominance", "Power_Resources"],
    ),
    (
        "Openness_to_Change",
        &[
            "Self_Direction_Thought",
            "Self_Direction_Action",
            "Stimulation",
            "Hedonism",
        ],
    ),
    (
        "Conservation",
        &[
            "Security_Personal",
            "Security_Societal",
            "Tradition",
            "Conformity_Rules",
            "Conformity_Interpersonal",
        ],
    ),
];
