// What is planted for the checks on secrets; shared by the probe and by the test that plants it.
#pragma once

#include <string>

namespace probe {

/// Put together at run time, so that the probe does not find the secret in its own words.
inline std::string planted_secret() { return std::string("clawbox-planted-") + "secret-5f1c9a"; }

/// The value of each loader and interpreter variable; no such file exists.
inline constexpr const char* kPlantedPath = "/clawbox-planted-path";

inline constexpr const char* kSecretVariables[] = {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "OPENAI_API_KEY",
                                                   "ANTHROPIC_API_KEY",     "NPM_TOKEN",    "DATABASE_URL"};

inline constexpr const char* kLoaderVariables[] = {
    "LD_PRELOAD",      "LD_LIBRARY_PATH",  "LD_AUDIT",     "LD_DEBUG_OUTPUT", "GCONV_PATH",
    "LOCPATH",         "NLSPATH",          "HOSTALIASES",  "BASH_ENV",        "ENV",
    "PYTHONPATH",      "PYTHONSTARTUP",    "PYTHONHOME",   "PERL5LIB",        "PERL5OPT",
    "RUBYOPT",         "RUBYLIB",          "NODE_OPTIONS", "NODE_PATH",       "JAVA_TOOL_OPTIONS",
    "GIT_SSH_COMMAND", "GIT_EXTERNAL_DIFF"};

inline constexpr const char* kCredentialFiles[] = {".ssh/id_ed25519",
                                                   ".ssh/id_rsa",
                                                   ".ssh/config",
                                                   ".aws/credentials",
                                                   ".config/gcloud/credentials.db",
                                                   ".azure/accessTokens.json",
                                                   ".kube/config",
                                                   ".docker/config.json",
                                                   ".netrc",
                                                   ".git-credentials",
                                                   ".npmrc",
                                                   ".pypirc",
                                                   ".gnupg/private-keys-v1.d/key",
                                                   ".cargo/credentials.toml",
                                                   ".config/gh/hosts.yml",
                                                   ".bash_history",
                                                   ".pgpass"};

}  // namespace probe
