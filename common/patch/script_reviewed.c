/* What reviewers found in the parts of maintainer scripts that are not debhelper's, on an upgrade
 * inside an image: no service runs, no administrator answers. One row a text; a new version with
 * the same text needs no new review. tests/tools/script_digest.c prints digests. */
#include "patch/script.h"

#define NOT_BEFORE(version)                                                                        \
    {                                                                                              \
        .verb = DO_NOT_BEFORE, .a = (version)                                                      \
    }
#define NEED(path)                                                                                 \
    {                                                                                              \
        .verb = DO_NEED_PATH, .a = (path)                                                          \
    }
#define USER(name)                                                                                 \
    {                                                                                              \
        .verb = DO_NEED_USER, .a = (name)                                                          \
    }
#define KEEP(path)                                                                                 \
    {                                                                                              \
        .verb = DO_KEEP_BELOW, .a = (path)                                                         \
    }
#define ALTERNATIVE(name, path)                                                                    \
    {                                                                                              \
        .verb = DO_NEED_ALTERNATIVE, .a = (name), .b = (path)                                      \
    }
#define UCF(from, to)                                                                              \
    {                                                                                              \
        .verb = DO_UCF, .a = (from), .b = (to)                                                     \
    }
#define OWN(path, who, bits)                                                                       \
    {                                                                                              \
        .verb = DO_OWN, .a = (path), .b = (who), .mode = (bits)                                    \
    }
#define OWN_TREE(path, who)                                                                        \
    {                                                                                              \
        .verb = DO_OWN, .a = (path), .b = (who), .below = true                                     \
    }

#define JVM17 "/usr/lib/jvm/java-17-openjdk-amd64"
#define TOMCAT_FILE(name)                                                                          \
    UCF("/usr/share/tomcat10/etc/" name, "/etc/tomcat10/" name),                                   \
        OWN("/etc/tomcat10/" name, "root:tomcat", 0640)

const struct script_row script_rows[] = {
    {"apt",
     "postinst",
     "sha256:1e17088a1f9cb937a41ae3a312a5babccd1259e428aa915dcdf861b90c72e951",
     "makes user _apt if missing; removes an old file when coming from 2.4.5 or older",
     {USER("_apt"), NOT_BEFORE("2.4.5~")}},
    {"apt",
     "postrm",
     "sha256:9ccfa3630b5b2605976dd7937be3fb30879313427ba6c1971ef181a3318c87b9",
     "acts on purge only",
     {{0}}},
    {"ca-certificates",
     "postinst",
     "sha256:f2be882250c4ed7cf4603c0bb40d32de07eafbfcf909f53ea2a1cbb64345b86a",
     "rewrites ca-certificates.conf, rebuilds /etc/ssl/certs; the hooks rebuild the Java keystore",
     {NOT_BEFORE("20111025"),
      NEED("/usr/local/share/ca-certificates"),
      {.verb = DO_CA_STORE, .a = ""},
      {.verb = DO_JAVA_STORE, .a = ""}}},
    {"ca-certificates",
     "postrm",
     "sha256:2656534b0097ed5618794f5413e5912eb8fb4a1590cc74790befba66e8c93407",
     "acts on remove and purge only",
     {{0}}},
    {"libpam-modules",
     "preinst",
     "sha256:6e0009c321190b375da425dc66516ba156e6a08af4ee36c5297d1e5ec5cf64b3",
     "asks about screen savers when coming from before 1.4.0-5",
     {NOT_BEFORE("1.4.0-5")}},
    {"libpam-modules",
     "postinst",
     "sha256:eb9f147823f42ba736b212ab66df35f5b18e773991496178c20895a7c7d91343",
     "makes files when coming from before 0.99.9.0-1",
     {NOT_BEFORE("0.99.9.0-1")}},
    {"libpam-runtime",
     "postinst",
     "sha256:24ce987d8d2315002b865cf5759ad253d75339057f29461a5aaa7f96bd5d1a89",
     "pam-auth-update: rewrites /etc/pam.d/common-* if profiles or templates changed",
     {NOT_BEFORE("1.0.1-11"), KEEP("/usr/share/pam-configs"), KEEP("/usr/share/pam")}},
    {"libpam-runtime",
     "postrm",
     "sha256:bec133b2a2062e9390a3ac7ff2afa8317f35c58c246a4ee06d729cdc1adb4471",
     "acts on purge only",
     {{0}}},
    {"libpam0g",
     "postinst",
     "sha256:2a9847109117ec63d1876e4d68f245bc489bd30ac705b3d0463b971a2e3f48c7",
     "restarts services when coming from before 1.4.0-2",
     {NOT_BEFORE("1.4.0-2")}},
    {"openjdk-17-jre-headless",
     "postinst",
     "sha256:722b992a0a941f15044a6af11f8bc5635c207bc0c25c59b70539adc2b503b201",
     "alternatives of java and friends unless registered; binfmt; triggers the Java keystore",
     {NEED("/etc/.java/.systemPrefs/.system.lock"),
      NEED("/etc/.java/.systemPrefs/.systemRootModFile"), ALTERNATIVE("java", JVM17 "/bin/java"),
      ALTERNATIVE("jpackage", JVM17 "/bin/jpackage"), ALTERNATIVE("keytool", JVM17 "/bin/keytool"),
      ALTERNATIVE("rmiregistry", JVM17 "/bin/rmiregistry")}},
    {"openjdk-17-jre-headless",
     "prerm",
     "sha256:42ebee5f888b43d1b7f413f16b27d324eed4dd3a88d0663ff43f3a824b5ea2ab",
     "acts on remove only",
     {{0}}},
    {"openjdk-17-jre-headless",
     "postrm",
     "sha256:76eb60a2e2a2f878a12b08a00a2b774dfbfb7db1e302054260f3d523c4d7eb9f",
     "acts on purge only",
     {{0}}},
    {"openssl",
     "postinst",
     "sha256:2cf35c30f1dbaf9222490b158807601f5bae4f7aae1ab64616bd42d3fcaa3247",
     "makes /usr/lib/ssl if missing",
     {NEED("/usr/lib/ssl")}},
    {"perl",
     "postinst",
     "sha256:d28ee2da3d0bc2304951c0f2e8c6728328d9bbe43db1d53423b9f776cd173d8e",
     "takes the alternative rename=/usr/bin/prename away (gone since 5.20); trigger on a new major",
     {NOT_BEFORE("5.36.0~"), {.verb = DO_NOT_THERE, .a = "/usr/bin/prename"}}},
    {"tomcat10",
     "postinst",
     "sha256:c878cc7e4c3f5398eb0a5c369497439177b5c169c6f098c1572941e30eccf962",
     "user by sysusers.d, configuration by ucf, owners of its folders, the ROOT application if "
     "missing",
     {USER("tomcat"),
      {.verb = DO_SYSUSERS, .a = "tomcat10.conf"},
      NEED("/var/lib/tomcat10/webapps/ROOT"),
      TOMCAT_FILE("tomcat-users.xml"),
      TOMCAT_FILE("web.xml"),
      TOMCAT_FILE("server.xml"),
      TOMCAT_FILE("logging.properties"),
      TOMCAT_FILE("context.xml"),
      TOMCAT_FILE("catalina.properties"),
      TOMCAT_FILE("jaspic-providers.xml"),
      UCF("/usr/share/tomcat10/logrotate.template", "/etc/logrotate.d/tomcat10"),
      UCF("/usr/share/tomcat10/default.template", "/etc/default/tomcat10"),
      OWN("/etc/tomcat10/policy.d", "root:tomcat", 0),
      OWN("/etc/tomcat10/policy.d/01system.policy", "root:tomcat", 0640),
      OWN("/etc/tomcat10/policy.d/02debian.policy", "root:tomcat", 0640),
      OWN("/etc/tomcat10/policy.d/03catalina.policy", "root:tomcat", 0640),
      OWN("/etc/tomcat10/policy.d/04webapps.policy", "root:tomcat", 0640),
      OWN("/etc/tomcat10/policy.d/50local.policy", "root:tomcat", 0640),
      OWN_TREE("/var/lib/tomcat10/lib", "tomcat:tomcat"),
      OWN_TREE("/etc/tomcat10/Catalina", "root:tomcat"),
      OWN("/etc/tomcat10/Catalina", "root:tomcat", 0775),
      OWN_TREE("/var/lib/tomcat10/webapps", "tomcat:tomcat"),
      OWN("/var/lib/tomcat10/webapps", "tomcat:tomcat", 0775),
      OWN_TREE("/var/log/tomcat10", "tomcat:adm"),
      OWN("/var/log/tomcat10", "tomcat:adm", 02770),
      OWN_TREE("/var/cache/tomcat10", "tomcat:tomcat"),
      OWN("/var/cache/tomcat10", "tomcat:tomcat", 0750)}},
    {"tomcat10",
     "postrm",
     "sha256:0510e61778d6ece3fe5ca5a4834e3a13d85ef2c3b7e90ceb542594c8bbd6f3cb",
     "acts on remove and purge only",
     {{0}}},
    {"tzdata",
     "postinst",
     "sha256:6a9718dd4bdd4d805283310a546a2367e00cbddeb86d9e77ddf66cf0463a84df",
     "sets /etc/localtime and /etc/timezone to what they say already",
     {NEED("/etc/localtime"), NEED("/etc/timezone")}},
    {"tzdata",
     "postrm",
     "sha256:bf4797f913b3452b0bd6622cd694bf473e85825fb27617045d5cd39b2eb61137",
     "acts on purge only",
     {{0}}},
};
const size_t script_row_count = array_count(script_rows);
