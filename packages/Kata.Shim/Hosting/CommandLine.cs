using System.Globalization;

namespace Kata.Shim.Hosting;

/// <summary>Reads the arguments containerd passes: the syntax of Go's <c>flag</c> package, flags before the action.</summary>
internal static class CommandLine
{
    internal const string Usage = """
        usage: containerd-shim-kata-v2 [flags] start|delete
          -address string         containerd's gRPC socket
          -bundle string          bundle to clean (delete)
          -debug                  log at level debug
          -help                   print this text
          -id string              id of the container
          -info                   print a RuntimeInfo message (protobuf) and exit
          -namespace string       containerd namespace
          -publish-binary string  accepted and ignored: events go over ttrpc
          -version, -v            print the version and exit

        containerd runs this program; see the README to run it through ctr.
        """;

    /// <exception cref="CommandLineException">One line that says what is wrong.</exception>
    internal static ShimArguments Parse(IReadOnlyList<string> args)
    {
        var flags = new Dictionary<string, string>();
        var unknown = new List<string>();
        var index = ReadFlags(args, flags, unknown);
        var action = ToAction(args, index, flags, unknown);
        var result = new ShimArguments
        {
            Action = action,
            Namespace = flags.GetValueOrDefault("namespace", ""),
            Address = flags.GetValueOrDefault("address", ""),
            PublishBinary = flags.GetValueOrDefault("publish-binary", ""),
            Id = flags.GetValueOrDefault("id", ""),
            Bundle = flags.GetValueOrDefault("bundle", ""),
            Debug = IsSet(flags, "debug"),
            Socket = flags.GetValueOrDefault("socket", ""),
            UnknownFlags = unknown,
        };
        if (action is ShimAction.Start or ShimAction.Delete or ShimAction.Serve)
        {
            Identifier.Check("-namespace", result.Namespace);
            Identifier.Check("-id", result.Id);
        }

        return result;
    }

    private static ShimAction ToAction(IReadOnlyList<string> args, int index, Dictionary<string, string> flags, List<string> unknown)
    {
        if (IsSet(flags, "help") || IsSet(flags, "h"))
            return ShimAction.Help;
        if (IsSet(flags, "version") || IsSet(flags, "v"))
            return ShimAction.Version;
        if (IsSet(flags, "info"))
            return ShimAction.Info;
        if (index == args.Count)
        {
            if (unknown.Count > 0)
                throw new CommandLineException($"Unknown flag {unknown[0]}; -help lists the flags.");
            return flags.ContainsKey("socket")
                ? ShimAction.Serve
                : throw new CommandLineException("No action given: expected start or delete. containerd runs this program; -help lists the flags.");
        }

        // Flags after the action are positional in Go's syntax; containerd never sends any.
        if (index + 1 < args.Count)
            throw new CommandLineException($"Unexpected argument {Quote(args[index + 1])} after {Quote(args[index])}.");
        return args[index] switch
        {
            "start" => ShimAction.Start,
            "delete" => ShimAction.Delete,
            var other => throw new CommandLineException($"Unknown action {Quote(other)}: expected start or delete."),
        };
    }

    private static int ReadFlags(IReadOnlyList<string> args, Dictionary<string, string> flags, List<string> unknown)
    {
        var index = 0;
        while (index < args.Count && args[index] is ['-', _, ..] argument)
        {
            index++;
            if (argument == "--")
                break;
            var text = argument.AsSpan(argument.StartsWith("--", StringComparison.Ordinal) ? 2 : 1);
            var equals = text.IndexOf('=');
            var name = (equals < 0 ? text : text[..equals]).ToString();
            var value = equals < 0 ? null : text[(equals + 1)..].ToString();
            if (name.Length == 0 || name[0] == '-')
                throw new CommandLineException($"Bad flag syntax {Quote(argument)}.");
            switch (name)
            {
                case "debug" or "help" or "h" or "info" or "version" or "v":
                    flags[name] = ToBoolean(name, value ?? "true");
                    break;
                case "address" or "bundle" or "id" or "namespace" or "publish-binary" or "socket":
                    if (value is null && index == args.Count)
                        throw new CommandLineException($"Flag -{name} needs a value.");
                    flags[name] = value ?? args[index++];
                    break;
                default:
                    unknown.Add($"-{name}");
                    // Whether an unknown flag takes a value cannot be known; the last argument is always the action.
                    if (value is null && index + 1 < args.Count && args[index] is not ['-', ..])
                        index++;
                    break;
            }
        }

        return index;
    }

    private static bool IsSet(Dictionary<string, string> flags, string name) => flags.GetValueOrDefault(name) == bool.TrueString;

    // The spellings of Go's strconv.ParseBool.
    private static string ToBoolean(string name, string value) => value switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => bool.TrueString,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => bool.FalseString,
        _ => throw new CommandLineException($"Flag -{name} is a switch; {Quote(value)} is neither true nor false."),
    };

    private static string Quote(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{(text.Length <= 100 ? text : $"{text[..100]}…")}\"");
}
