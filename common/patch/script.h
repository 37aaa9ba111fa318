/* Maintainer scripts on an upgrade: what they would do, without running them. Two ways to be known:
 * - by rule: the script is read as a program with the arguments that dpkg gives on an upgrade
 *   (shell.h, script_eval.c); of the commands that would run, each is of known effect
 *   (script_command.c), and where only the image can tell whether one would, an action refuses;
 * - by review: debhelper's blocks, each line of which we know, and a rest that somebody read: its
 *   normalised SHA-256 stands in script_reviewed.c with what the engine has to do in its place.
 * Anything else is `unreviewed-script`. Pure. */
#pragma once

#include "base/arena.h"
#include "base/digest.h"
#include "base/slice.h"

enum script_kind { SCRIPT_PREINST, SCRIPT_POSTINST, SCRIPT_PRERM, SCRIPT_POSTRM };

enum script_verb {
    DO_NOT_BEFORE,       /* a: acts if the old version is older (b "le": or this): refuse then */
    DO_NEED_PATH,        /* a: it acts if this path does not exist: refuse then */
    DO_NEED_USER,        /* a: user that must exist */
    DO_NEED_GROUP,       /* a: group that must exist */
    DO_NEED_RC,          /* a: init script that must have its links in /etc/rc?.d */
    DO_NOT_COMMAND,      /* a: program that must not be in the image */
    DO_NO_CONFIG,        /* the package must have no config script for debconf */
    DO_NO_OVERRIDE,      /* a: path without a dpkg-statoverride */
    DO_TRIGGER,          /* a: trigger that it activates */
    DO_NEED_ALTERNATIVE, /* a: name, b: path that must be registered for it ("" any) */
    DO_KEEP_BELOW,       /* a: no file below may change in this patch, else refuse */
    DO_NOT_DIRECTORY,    /* a: refuse if this is a real directory (dir_to_symlink) */
    DO_NOT_SYMLINK,      /* a: refuse if this is a symlink (symlink_to_dir) */
    DO_NOT_THERE,        /* a: refuse if this exists */
    DO_UNIT,             /* a: systemd unit whose [Install] must not change */
    DO_TMPFILES,         /* a: tmpfiles.d file that must not change */
    DO_SYSUSERS,         /* a: sysusers.d file that must not change */
    DO_UCF,              /* a: template, b: target */
    DO_OWN,              /* a: path, b: "user:group" or "", mode (0: keep), below: the tree */
    DO_BYTECODE,         /* compiled Python of what changed goes */
    DO_CA_STORE,         /* update-ca-certificates */
    DO_JAVA_STORE,       /* the Java keystore of ca-certificates-java */
    DO_DROP_CDS,         /* a: JVM home: class data archives that the JVM builds itself */
};

struct script_action {
    enum script_verb verb;
    const char *a, *b;
    uint32_t mode;
    bool below;
};

struct script_review {
    bool known;
    const char *why;               /* not known: the first line that nobody reviewed */
    char digest[DIGEST_TEXT_SIZE]; /* of the normalised rest; "" if there is none */
    const struct script_action *actions;
    size_t action_count;
};

void script_review(struct arena *arena, const char *package, enum script_kind kind,
                   struct slice text, struct script_review *out);
const char *script_kind_name(enum script_kind kind);
bool script_kind_find(const char *name, enum script_kind *out);

struct script_row {                   /* script_reviewed.c */
    const char *package;              /* "*": any */
    const char *kinds;                /* "preinst postinst …" */
    const char *digest;               /* "sha256:…" of the normalised rest */
    const char *says;                 /* what a reviewer found, in a line */
    struct script_action actions[48]; /* ends at the first without `a` */
};
extern const struct script_row script_rows[];
extern const size_t script_row_count;
