/* See screen.h. Signals only set flags; what they ask for is done in gl_screen_wait. */
#include "cli/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"

enum { DEFAULT_WIDTH = 80, WIDTH_LEAST = 60, WIDTH_MOST = 250 };

static const char ENTER[] = "\033[?1049h\033[?25l", LEAVE[] = "\033[?25h\033[?1049l";

static struct {
    bool over; /* drawn over */
    bool keys; /* standard input gives them one by one */
    struct termios before;
} screen;

static volatile sig_atomic_t ended, resized, stopped;

static void on_signal(int number)
{
    if (number == SIGWINCH)
        resized = 1;
    else if (number == SIGTSTP)
        stopped = 1;
    else
        ended = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART: poll ends */
    const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
        if (caught[i] != SIGTSTP || screen.over)
            sigaction(caught[i], &action, NULL);
}

static void take_keys(void)
{
    struct termios raw;
    screen.keys = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &screen.before) == 0;
    if (!screen.keys)
        return;
    raw = screen.before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
}

static void enter(void)
{
    if (!screen.over)
        return;
    take_keys();
    fputs(ENTER, stdout);
    fflush(stdout);
}

static void leave(void)
{
    if (!screen.over)
        return;
    fputs(LEAVE, stdout);
    fflush(stdout);
    if (screen.keys)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &screen.before);
}

bool gl_screen_open(void)
{
    const char *term = gl_env("TERM", "dumb");
    screen.over = isatty(STDOUT_FILENO) == 1 && strcmp(term, "dumb") != 0;
    catch_signals();
    enter();
    return screen.over;
}

bool gl_screen_has_colour(void)
{
    return screen.over && getenv("NO_COLOR") == NULL;
}

static int number_of(const char *name)
{
    uint64_t value;
    return gl_str_to_u64(gl_str_of(gl_env(name, "")), 10000, &value) ? (int)value : 0;
}

gl_screen_size gl_screen_size_now(void)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    int width = known ? size.ws_col : number_of("COLUMNS");
    width = width == 0 ? DEFAULT_WIDTH : width;
    return (gl_screen_size){width < WIDTH_LEAST  ? WIDTH_LEAST
                            : width > WIDTH_MOST ? WIDTH_MOST
                                                 : width,
                            screen.over && known ? size.ws_row : 0};
}

/* Every line erases what stood behind it, so that nothing flickers. */
void gl_screen_show(const gl_buf *picture)
{
    if (!screen.over) {
        fwrite(picture->data, 1, picture->len, stdout);
        fflush(stdout);
        return;
    }
    fputs("\033[H", stdout);
    for (size_t i = 0; i < picture->len; i++) {
        if (picture->data[i] == '\n')
            fputs("\033[K", stdout);
        fputc(picture->data[i], stdout);
    }
    fputs("\033[J", stdout);
    fflush(stdout);
}

/* The shell gets its terminal back, and so do we when it lets us go on. */
static void stop_and_go_on(void)
{
    leave();
    raise(SIGSTOP);
    enter();
}

static bool is_quit(void)
{
    char keys[32];
    ssize_t got = read(STDIN_FILENO, keys, sizeof keys);
    if (got <= 0) {
        screen.keys = false; /* nobody types any more */
        return got == 0;
    }
    return memchr(keys, 'q', (size_t)got) != NULL || memchr(keys, 'Q', (size_t)got) != NULL;
}

bool gl_screen_wait(int64_t timeout_ms)
{
    int64_t end_us = gl_mono_us() + timeout_ms * 1000;
    while (ended == 0 && ferror(stdout) == 0) {
        int64_t left_us = end_us - gl_mono_us();
        if (left_us <= 0)
            return true;
        struct pollfd key = {.fd = screen.keys ? STDIN_FILENO : -1, .events = POLLIN};
        int ready = poll(&key, 1, (int)((left_us + 999) / 1000));
        if (ready > 0 && is_quit())
            return false;
        if (stopped != 0) {
            stopped = 0;
            stop_and_go_on();
            return true;
        }
        if (resized != 0) {
            resized = 0;
            return true;
        }
    }
    return false;
}

void gl_screen_close(void)
{
    leave();
    screen.over = false;
}
