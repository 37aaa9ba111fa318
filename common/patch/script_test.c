/* [ … ] as test(1) has it: strings are compared, files are asked of the image by conditions. */
#include <string.h>

#include "patch/script_eval.h"

struct outcome outcome_of(bool yes)
{
    return (struct outcome){.answer = yes ? ANSWER_YES : ANSWER_NO};
}

struct outcome outcome_open(void)
{
    return (struct outcome){.answer = ANSWER_OPEN};
}

static struct outcome negate(struct outcome a)
{
    return (struct outcome){.answer = a.answer == ANSWER_OPEN ? ANSWER_OPEN
                                      : a.answer == ANSWER_NO ? ANSWER_YES
                                                              : ANSWER_NO,
                            .has_no = a.has_yes,
                            .has_yes = a.has_no,
                            .no = a.yes,
                            .yes = a.no};
}

/* -e and its kin: "not there" makes every one of them no, "there" makes -e, -f and -d yes. */
static struct outcome file(char operator, const struct value * value)
{
    struct outcome out = outcome_open();

    if (value->program && operator== 'x') {
        out.has_no = true;
        out.no = (struct script_action){.verb = DO_NOT_COMMAND, .a = value->program};
        return out;
    }
    if (!value->known || value->text[0] != '/' || strstr(value->text, SOME_VERSION))
        return out;
    if (strncmp(value->text, "/run/systemd/", 13) == 0)
        return outcome_of(false); /* nothing runs in an image */
    out.has_no = true;
    out.no = (struct script_action){.verb = DO_NOT_THERE, .a = value->text};
    out.has_yes = strchr("efd", operator) != NULL;
    out.yes = (struct script_action){.verb = DO_NEED_PATH, .a = value->text};
    return out;
}

static struct outcome unary(const char *operator, const struct value * value)
{
    if (strlen(operator) != 2 || operator[0] != '-')
        return outcome_open();
    if (strchr("efdLhxrswSpbcug", operator[1]))
        return file(operator[1], value);
    if (operator[1] == 'n' || operator[1] == 'z') {
        if (value->program)
            return operator[1] == 'n' ? file('x', value) : negate(file('x', value));
        if (value->known)
            return outcome_of((*value->text != '\0') == (operator[1] == 'n'));
    }
    return outcome_open();
}

static struct outcome binary(const struct value *left, const char *operator,
                             const struct value * right)
{
    /* "==" is bash's word; for dash it is an error, and so a no. */
    bool equal = strcmp(operator, "=") == 0;

    if ((!equal && strcmp(operator, "!=") != 0) || !left->known || !right->known)
        return outcome_open();
    bool same = strcmp(left->text, right->text) == 0;
    /* Two unknown versions may be equal; a version is never a word without digits. */
    if (same && strstr(left->text, SOME_VERSION))
        return outcome_open();
    if ((strstr(left->text, SOME_VERSION) && strpbrk(right->text, "0123456789" SOME_VERSION)) ||
        (strstr(right->text, SOME_VERSION) && strpbrk(left->text, "0123456789" SOME_VERSION)))
        return outcome_open();
    return outcome_of(same == equal);
}

static const char *plain(const struct value *value)
{
    return value->known ? value->text : "";
}

static struct outcome both(struct outcome a, struct outcome b)
{
    if (a.answer == ANSWER_NO || b.answer == ANSWER_NO)
        return outcome_of(false);
    if (a.answer == ANSWER_YES)
        return b;
    if (b.answer == ANSWER_YES)
        return a;
    return a.has_no ? (struct outcome){.answer = ANSWER_OPEN, .has_no = true, .no = a.no}
                    : (struct outcome){.answer = ANSWER_OPEN, .has_no = b.has_no, .no = b.no};
}

static struct outcome simple(const struct value *words, size_t count)
{
    if (count == 0)
        return outcome_of(false);
    if (count > 1 && strcmp(plain(&words[0]), "!") == 0)
        return negate(simple(words + 1, count - 1));
    if (count == 1)
        return words[0].known ? outcome_of(*words[0].text != '\0') : outcome_open();
    if (count == 2)
        return unary(plain(&words[0]), &words[1]);
    return count == 3 ? binary(&words[0], plain(&words[1]), &words[2]) : outcome_open();
}

/* -a binds closer than -o; a word that might be several, or parentheses, leave all open. */
struct outcome eval_test(const struct value *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].splits || strcmp(plain(&words[i]), "(") == 0)
            return outcome_open();
    for (const char *operator= "oa"; *operator; operator++)
        for (size_t i = 1; i + 1 < count; i++) {
            const char *word = plain(&words[i]);
            if (word[0] != '-' || word[1] != *operator|| word[2])
                continue;
            struct outcome left = eval_test(words, i);
            struct outcome right = eval_test(words + i + 1, count - i - 1);
            return *operator== 'a' ? both(left, right) : negate(both(negate(left), negate(right)));
        }
    return simple(words, count);
}
