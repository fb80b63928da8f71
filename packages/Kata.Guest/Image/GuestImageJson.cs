using System.Text.Json.Serialization;

namespace Kata.Guest.Image;

[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    GenerationMode = JsonSourceGenerationMode.Serialization)]
[JsonSerializable(typeof(GuestImageManifest))]
internal sealed partial class GuestImageJson : JsonSerializerContext;
