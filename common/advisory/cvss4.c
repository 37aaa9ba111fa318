/* CVSS 4.0 (specification document, section 8): the vector falls into one of 270 macrovectors,
 * whose score stands in a table; how far it lies below the most severe vector of its macrovector
 * takes a share of the way to the next lower one. Metrics left out count as the worst (E:A, CR:H
 * …), so a base vector gives the base score. */
#include <math.h>
#include <stddef.h>

#include "advisory/cvss.h"
#include "base/scope.h"

/* Order of names[] and of a vector's values. */
enum metric { AV, PR, UI, AC, AT, VC, VI, VA, CR, IR, AR, SC, SI, SA, E, METRICS };

static const char *const names[] = {"AV",  "PR",  "UI",  "AC",  "AT",  "VC",  "VI",  "VA",  "CR",
                                    "IR",  "AR",  "SC",  "SI",  "SA",  "E",   "MAV", "MPR", "MUI",
                                    "MAC", "MAT", "MVC", "MVI", "MVA", "MSC", "MSI", "MSA", NULL};

enum { NAMES = array_count(names) - 1 };

/* Values from worst to best; a step is a tenth of the specification's distance. */
static const char *const levels[METRICS] = {"NALP", "NLH",  "NPA",  "LH",   "NP",
                                            "HLN",  "HLN",  "HLN",  "HML",  "HML",
                                            "HML",  "SHLN", "SHLN", "SHLN", "APU"};

/* Tenths by eq1, eq2, eq3, eq4, eq5, eq6; 0: no such macrovector. */
static const unsigned char table[3][2][3][3][3][2] = {
    {
        {{{{100, 99}, {98, 95}, {95, 92}},
          {{100, 96}, {93, 87}, {91, 81}},
          {{93, 90}, {89, 80}, {81, 68}}},
         {{{98, 95}, {95, 92}, {90, 84}},
          {{93, 92}, {89, 81}, {81, 65}},
          {{88, 80}, {78, 70}, {69, 48}}},
         {{{0, 92}, {0, 82}, {0, 72}}, {{0, 79}, {0, 69}, {0, 50}}, {{0, 69}, {0, 55}, {0, 27}}}},
        {{{{99, 97}, {95, 92}, {92, 85}},
          {{95, 91}, {90, 83}, {84, 71}},
          {{92, 81}, {82, 71}, {72, 53}}},
         {{{95, 93}, {92, 85}, {85, 73}},
          {{92, 82}, {80, 72}, {70, 59}},
          {{84, 70}, {71, 52}, {50, 30}}},
         {{{0, 86}, {0, 75}, {0, 52}}, {{0, 71}, {0, 52}, {0, 29}}, {{0, 63}, {0, 29}, {0, 17}}}},
    },
    {
        {{{{98, 95}, {94, 87}, {91, 81}},
          {{94, 89}, {86, 74}, {77, 64}},
          {{87, 75}, {74, 63}, {63, 49}}},
         {{{94, 89}, {88, 77}, {76, 67}},
          {{86, 76}, {74, 58}, {59, 50}},
          {{72, 57}, {57, 52}, {52, 25}}},
         {{{0, 83}, {0, 70}, {0, 54}}, {{0, 65}, {0, 58}, {0, 26}}, {{0, 53}, {0, 21}, {0, 13}}}},
        {{{{95, 90}, {88, 76}, {76, 70}},
          {{90, 77}, {75, 62}, {61, 53}},
          {{77, 66}, {68, 59}, {52, 30}}},
         {{{89, 78}, {76, 67}, {62, 58}},
          {{74, 59}, {57, 57}, {47, 23}},
          {{61, 52}, {57, 29}, {24, 16}}},
         {{{0, 71}, {0, 59}, {0, 30}}, {{0, 58}, {0, 26}, {0, 15}}, {{0, 23}, {0, 13}, {0, 6}}}},
    },
    {
        {{{{93, 87}, {86, 72}, {75, 58}},
          {{86, 74}, {74, 61}, {56, 34}},
          {{70, 54}, {52, 40}, {40, 22}}},
         {{{85, 75}, {74, 55}, {62, 51}},
          {{72, 57}, {55, 41}, {46, 19}},
          {{53, 36}, {34, 19}, {19, 8}}},
         {{{0, 64}, {0, 51}, {0, 20}}, {{0, 47}, {0, 21}, {0, 11}}, {{0, 24}, {0, 9}, {0, 4}}}},
        {{{{88, 75}, {73, 53}, {60, 50}},
          {{73, 55}, {59, 40}, {41, 20}},
          {{54, 43}, {45, 22}, {20, 11}}},
         {{{75, 55}, {58, 45}, {40, 21}},
          {{61, 51}, {48, 18}, {20, 9}},
          {{46, 18}, {17, 7}, {8, 2}}},
         {{{0, 53}, {0, 24}, {0, 14}}, {{0, 24}, {0, 12}, {0, 5}}, {{0, 10}, {0, 3}, {0, 1}}}},
    },
};

/* The most severe vectors of each equivalence set (table 24 ff.), their metrics side by side. */
static const char *const most_1[3][3] = {{"NNN"}, {"ANN", "NLN", "NNP"}, {"PNN", "ALP"}};
static const char *const most_2[2][2] = {{"LN"}, {"HN", "LP"}};
static const char *const most_36[3][2][5] = {
    {{"HHHHHH"}, {"HHLMMH", "HHHMMM"}},
    {{"LHHHHH", "HLHHHH"}, {"LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"}},
    {{NULL}, {"LLLHHH"}},
};
static const char *const most_4[3][1] = {{"HSS"}, {"HHH"}, {"LLL"}};

/* How many steps deep each set is. */
static const int depth_1[] = {1, 4, 5}, depth_2[] = {1, 2}, depth_4[] = {6, 5, 4};
static const int depth_36[3][2] = {{7, 6}, {8, 8}, {0, 10}};

static int level(enum metric metric, char value)
{
    for (int i = 0; levels[metric][i]; i++)
        if (levels[metric][i] == value)
            return i;
    return -1;
}

/* Overrides by the modified metrics, and the worst for what is not said. */
static bool settle(const char *given, char *v)
{
    static const enum metric modified[] = {AV, PR, UI, AC, AT, VC, VI, VA, SC, SI, SA};
    for (int i = 0; i < METRICS; i++) {
        bool optional = i == E || i == CR || i == IR || i == AR;
        v[i] = given[i];
        if (optional && (v[i] == 0 || v[i] == 'X'))
            v[i] = levels[i][0];
        /* "safety" is said by the modified metric alone, and SC never */
        if (level((enum metric)i, v[i]) < 0 || ((i == SC || i == SI || i == SA) && v[i] == 'S'))
            return false;
    }
    for (size_t i = 0; i < array_count(modified); i++) {
        char value = given[METRICS + (int)i];
        if (value == 0 || value == 'X')
            continue;
        if (level(modified[i], value) < 0 || (modified[i] == SC && value == 'S'))
            return false;
        v[modified[i]] = value;
    }
    return true;
}

static void macrovector(const char *v, int eq[static 6])
{
    int worst = (v[AV] == 'N') + (v[PR] == 'N') + (v[UI] == 'N');
    eq[0] = worst == 3 ? 0 : worst > 0 && v[AV] != 'P' ? 1 : 2;
    eq[1] = v[AC] == 'L' && v[AT] == 'N' ? 0 : 1;
    eq[2] = v[VC] == 'H' && v[VI] == 'H' ? 0 : v[VC] == 'H' || v[VI] == 'H' || v[VA] == 'H' ? 1 : 2;
    eq[3] = v[SI] == 'S' || v[SA] == 'S' ? 0 : v[SC] == 'H' || v[SI] == 'H' || v[SA] == 'H' ? 1 : 2;
    eq[4] = level(E, v[E]);
    eq[5] = (v[CR] == 'H' && v[VC] == 'H') || (v[IR] == 'H' && v[VI] == 'H') ||
                    (v[AR] == 'H' && v[VA] == 'H')
                ? 0
                : 1;
}

static int at(const int *eq, int a, int b, int c, int d, int e, int f)
{
    a += eq[0], b += eq[1], c += eq[2], d += eq[3], e += eq[4], f += eq[5];
    if (a > 2 || b > 1 || c > 2 || d > 2 || e > 2 || f > 1)
        return 0;
    return table[a][b][c][d][e][f];
}

/* Steps from the first most severe vector that is nowhere less severe than v. */
static int distance(const char *v, enum metric first, const char *const *most, size_t count)
{
    for (size_t i = 0; i < count && most[i]; i++) {
        int sum = 0;
        for (int k = 0; most[i][k] && sum >= 0; k++) {
            enum metric metric = (enum metric)((int)first + k);
            int steps = level(metric, v[metric]) - level(metric, most[i][k]);
            sum = steps < 0 ? -1 : sum + steps;
        }
        if (sum >= 0)
            return sum;
    }
    return 0;
}

/* The next lower score in the joint set of eq3 and eq6. */
static int lower_36(const int *eq)
{
    if (eq[5] == 1)
        return at(eq, 0, 0, 1, 0, 0, 0);
    if (eq[2] == 1)
        return at(eq, 0, 0, 0, 0, 0, 1);
    int left = at(eq, 0, 0, 0, 0, 0, 1), right = at(eq, 0, 0, 1, 0, 0, 0);
    return left > right ? left : right;
}

bool cvss4_score(struct slice metrics, double *score)
{
    char given[NAMES], v[METRICS];
    int eq[6];
    if (!cvss_metrics(metrics, names, given) || !settle(given, v))
        return false;
    if (v[VC] == 'N' && v[VI] == 'N' && v[VA] == 'N' && v[SC] == 'N' && v[SI] == 'N' &&
        v[SA] == 'N') {
        *score = 0;
        return true;
    }
    macrovector(v, eq);
    int value = at(eq, 0, 0, 0, 0, 0, 0);
    const struct {
        int lower, distance, depth;
    } sets[] = {
        {at(eq, 1, 0, 0, 0, 0, 0), distance(v, AV, most_1[eq[0]], 3), depth_1[eq[0]]},
        {at(eq, 0, 1, 0, 0, 0, 0), distance(v, AC, most_2[eq[1]], 2), depth_2[eq[1]]},
        {lower_36(eq), distance(v, VC, most_36[eq[2]][eq[5]], 5), depth_36[eq[2]][eq[5]]},
        {at(eq, 0, 0, 0, 1, 0, 0), distance(v, SC, most_4[eq[3]], 1), depth_4[eq[3]]},
        {at(eq, 0, 0, 0, 0, 1, 0), 0, 1},
    };
    double taken = 0;
    int lower = 0;
    for (size_t i = 0; i < array_count(sets); i++) {
        if (sets[i].lower == 0)
            continue;
        lower++;
        taken += (double)(value - sets[i].lower) * sets[i].distance / sets[i].depth;
    }
    double tenths = lower > 0 ? value - taken / lower : value;
    *score = floor(tenths + 0.5 + 1e-5) / 10;
    return true;
}
