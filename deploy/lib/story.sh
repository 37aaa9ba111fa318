# The main job as it happens, with the real figures.
# shellcheck shell=bash
tell_story() {
    step "Three images are pushed"
    push_image os demo/debian:12
    push_image stack demo/tomcat:10
    push_image application demo/shop:1
    say "  demo/debian:12, demo/tomcat:10, demo/shop:1 are in the registry at 127.0.0.1:$REGISTRY_PORT"
}
