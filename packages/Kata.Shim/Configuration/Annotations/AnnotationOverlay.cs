using System.Globalization;
using Kata.Abstractions;
using Kata.Shim.Configuration.Toml;

namespace Kata.Shim.Configuration.Annotations;

/// <summary>
/// Lays the annotations of a sandbox over the tables of the configuration file, before anything is read from them: a value has one
/// way into the runtime, and remembers that an annotation set it.
/// </summary>
internal sealed class AnnotationOverlay(TomlTable hypervisor, TomlTable agent, TomlTable runtime, ICollection<string> warnings)
{
    /// <summary>Applies every annotation of Kata's own prefixes; others are not looked at.</summary>
    /// <exception cref="ConfigurationException">A value that is not of its kind, a path that is not allowed, or an enabled annotation nobody handles.</exception>
    public void Apply(IReadOnlyDictionary<string, string> annotations)
    {
        // Sorted: the outcome does not depend on the order in which the client wrote them.
        foreach (var (name, value) in annotations.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (name.StartsWith(AnnotationRule.HypervisorPrefix, StringComparison.Ordinal))
                ApplyHypervisor(name, name[AnnotationRule.HypervisorPrefix.Length..], value);
            else if (name.StartsWith(AnnotationRule.AgentPrefix, StringComparison.Ordinal))
                ApplyFree(agent, name, AnnotationRule.ForAgent(name[AnnotationRule.AgentPrefix.Length..]), value);
            else if (name.StartsWith(AnnotationRule.RuntimePrefix, StringComparison.Ordinal))
                ApplyRuntime(name, name[AnnotationRule.RuntimePrefix.Length..], value);
        }
    }

    private void ApplyHypervisor(string name, string shortName, string value)
    {
        if (!IsEnabled(shortName))
        {
            warnings.Add($"Annotation {name} is ignored: \"{shortName}\" matches nothing in enable_annotations ({ListSource("enable_annotations")}).");
            return;
        }

        if (AnnotationRule.ForHypervisor(shortName) is not { } rule)
            throw new ConfigurationException(name, "annotation", "It is enabled by enable_annotations but no such setting exists; remove the annotation.");
        Set(hypervisor, name, rule, value);
    }

    private void ApplyRuntime(string name, string shortName, string value)
    {
        switch (shortName)
        {
            case "hypervisor_name" or "agent_name":
                // Read before the sections were chosen.
                break;
            case "create_container_timeout":
                Set(agent, name, new AnnotationRule(shortName, AnnotationKind.Seconds), value);
                break;
            default:
                ApplyFree(runtime, name, AnnotationRule.ForRuntime(shortName), value);
                break;
        }
    }

    private void ApplyFree(TomlTable table, string name, AnnotationRule? rule, string value)
    {
        if (rule is { } known)
            Set(table, name, known, value);
        else
            warnings.Add($"Annotation {name} is ignored: this runtime has no such setting.");
    }

    private bool IsEnabled(string shortName)
    {
        foreach (var item in hypervisor["enable_annotations"]?.Value as List<TomlValue> ?? [])
        {
            try
            {
                if (item.Value is string expression && NamePattern.Parse(expression).IsMatch(shortName))
                    return true;
            }
            catch (FormatException exception)
            {
                throw new ConfigurationException("enable_annotations", item.Source, exception.Message, exception);
            }
        }

        return false;
    }

    private string ListSource(string key) => hypervisor[key]?.Source ?? "not set";

    private static void Set(TomlTable table, string name, AnnotationRule rule, string text)
    {
        var source = $"annotation {name}";
        object value = rule.Kind switch
        {
            AnnotationKind.Flag => bool.TryParse(text, out var flag) ? flag : throw Invalid(name, text, "true or false"),
            AnnotationKind.Integer or AnnotationKind.Seconds =>
                long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Invalid(name, text, "a whole number"),
            AnnotationKind.Number =>
                double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : throw Invalid(name, text, "a number"),
            AnnotationKind.Memory => MemoryMib(name, text),
            AnnotationKind.ListedPath => ListedPath(table, name, rule, text),
            AnnotationKind.KernelParameters => string.Join(
                ' ', KernelParameters.Overlay(KernelParameters.Split(table[rule.Key]?.Value as string ?? ""), KernelParameters.Split(text))),
            AnnotationKind.AppendedList => new List<TomlValue>(
                [.. table[rule.Key]?.Value as List<TomlValue> ?? [], .. Items(text, ',', source)]),
            AnnotationKind.List => Items(text, ';', source),
            _ => text,
        };
        table[rule.Key] = new TomlValue(value, source);
    }

    private static List<TomlValue> Items(string text, char separator, string source) =>
        text.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(item => new TomlValue(item, source)).ToList();

    private static string ListedPath(TomlTable table, string name, AnnotationRule rule, string path)
    {
        var patterns = (table[rule.AllowList]?.Value as List<TomlValue> ?? []).Select(item => item.Value).OfType<string>();
        return PathPattern.MatchesAny(patterns, path)
            ? path
            : throw new ConfigurationException(name, "annotation", $"{path} matches no pattern of {rule.AllowList}; add it there to allow it.");
    }

    private static long MemoryMib(string name, string text)
    {
        const long Mib = 1024 * 1024;
        var digits = text.Length - text.AsSpan().TrimStart("0123456789").Length;
        double bytes = text[digits..].Trim() switch
        {
            "" or "Mi" or "MiB" => Mib,
            "B" => 1,
            "K" or "KB" or "kB" => 1e3,
            "Ki" or "KiB" => 1024,
            "M" or "MB" => 1e6,
            "G" or "GB" => 1e9,
            "Gi" or "GiB" => 1024 * Mib,
            "T" or "TB" => 1e12,
            "Ti" or "TiB" => 1024 * 1024 * Mib,
            _ => throw Invalid(name, text, "a size such as 2048 (MiB) or 2Gi"),
        };
        if (!uint.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            throw Invalid(name, text, "a size such as 2048 (MiB) or 2Gi");
        return (long)(count * bytes / Mib);
    }

    private static ConfigurationException Invalid(string name, string text, string expected) =>
        new(name, "annotation", $"\"{text}\" is not {expected}.");
}
