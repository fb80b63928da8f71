using System.Numerics;
using Google.Protobuf.Collections;

namespace Kata.Protocols.Agent;

/// <summary>Bridges "absent" of the runtime-spec and "zero or empty" of protobuf.</summary>
internal static class WireValues
{
    public static string? NullIfEmpty(this string value) => value.Length == 0 ? null : value;

    public static T? NullIfZero<T>(this T value)
        where T : struct, INumberBase<T> => T.IsZero(value) ? null : value;

    public static void AddAll<T>(this RepeatedField<T> target, IReadOnlyList<T>? source)
    {
        if (source is not null)
            target.AddRange(source);
    }

    public static void AddAll<TFrom, T>(this RepeatedField<T> target, IReadOnlyList<TFrom>? source, Func<TFrom, T> convert)
    {
        for (int i = 0; i < (source?.Count ?? 0); i++)
            target.Add(convert(source![i]));
    }

    public static void AddAll(this MapField<string, string> target, IReadOnlyDictionary<string, string>? source)
    {
        if (source is null)
            return;
        foreach (var (key, value) in source)
            target[key] = value ?? "";
    }

    public static IReadOnlyList<T>? ListOrNull<T>(this RepeatedField<T> source) => source.Count == 0 ? null : [.. source];

    public static IReadOnlyList<TTo>? SelectOrNull<T, TTo>(this RepeatedField<T> source, Func<T, TTo> convert) =>
        source.Count == 0 ? null : [.. source.Select(convert)];

    public static IReadOnlyDictionary<string, string>? ToDictionaryOrNull(this MapField<string, string> source) =>
        source.Count == 0 ? null : new Dictionary<string, string>(source);
}
