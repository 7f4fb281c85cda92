#include "sluice_console.h"

// #embed (C23, in clang since 19): no generated source, and no bundle that would have to lie beside the binary.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t index_html[] = {
#embed "page/index.html"
};
static const uint8_t console_css[] = {
#embed "page/console.css"
};
static const uint8_t desk_js[] = {
#embed "page/desk.js"
};
static const uint8_t feed_js[] = {
#embed "page/feed.js"
};
static const uint8_t format_js[] = {
#embed "page/format.js"
};
static const uint8_t streams_js[] = {
#embed "page/streams.js"
};
static const uint8_t waterfall_js[] = {
#embed "page/waterfall.js"
};
static const uint8_t fleet_js[] = {
#embed "page/fleet.js"
};
static const uint8_t promise_js[] = {
#embed "page/promise.js"
};
static const uint8_t decisions_js[] = {
#embed "page/decisions.js"
};
static const uint8_t market_js[] = {
#embed "page/market.js"
};
static const uint8_t play_html[] = {
#embed "page/play.html"
};
static const uint8_t play_js[] = {
#embed "page/play.js"
};
static const uint8_t player_js[] = {
#embed "page/player.js"
};
static const uint8_t playlist_js[] = {
#embed "page/playlist.js"
};
static const uint8_t icon_svg[] = {
#embed "page/icon.svg"
};

#define SCRIPT "text/javascript; charset=utf-8"

static const sluice_console_file files[] = {
    {"index.html", "text/html; charset=utf-8", index_html, sizeof index_html},
    {"console.css", "text/css; charset=utf-8", console_css, sizeof console_css},
    {"desk.js", SCRIPT, desk_js, sizeof desk_js},
    {"feed.js", SCRIPT, feed_js, sizeof feed_js},
    {"format.js", SCRIPT, format_js, sizeof format_js},
    {"streams.js", SCRIPT, streams_js, sizeof streams_js},
    {"waterfall.js", SCRIPT, waterfall_js, sizeof waterfall_js},
    {"fleet.js", SCRIPT, fleet_js, sizeof fleet_js},
    {"promise.js", SCRIPT, promise_js, sizeof promise_js},
    {"decisions.js", SCRIPT, decisions_js, sizeof decisions_js},
    {"market.js", SCRIPT, market_js, sizeof market_js},
    {"play.html", "text/html; charset=utf-8", play_html, sizeof play_html},
    {"play.js", SCRIPT, play_js, sizeof play_js},
    {"player.js", SCRIPT, player_js, sizeof player_js},
    {"playlist.js", SCRIPT, playlist_js, sizeof playlist_js},
    {"icon.svg", "image/svg+xml", icon_svg, sizeof icon_svg},
};

const size_t sluice_console_file_count = sizeof files / sizeof files[0];

const sluice_console_file *sluice_console_file_at(size_t index) { return &files[index]; }
