using System.Text.Json.Serialization;
using Kata.Shim.Resources;

namespace Kata.Shim.Tests.Resources.Fakes;

[JsonSerializable(typeof(SandboxResourceState))]
internal sealed partial class StateContext : JsonSerializerContext;
