using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Kata.Protocols.Containerd.Events;

namespace Kata.Protocols.Containerd.Services;

/// <content>Its methods as values.</content>
public static partial class Events
{
    /// <summary>The methods of <c>containerd.services.events.ttrpc.v1.Events</c>, for callers and servers that avoid the generic virtual methods of generated code.</summary>
    public static class Methods
    {
        /// <summary>Method <c>Forward</c>.</summary>
        public static Method<ForwardRequest, Empty> Forward => __Method_Forward;
    }
}
