namespace Kata.Linux;

/// <summary>Signal numbers on x86-64 and arm64.</summary>
public enum Signal
{
#pragma warning disable CS1591 // The names are the documentation: see signal(7).
    None = 0,
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGABRT = 6,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
#pragma warning restore CS1591
}
