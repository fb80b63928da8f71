using System.Text;
using Grpc.Core;

namespace Kata.Ttrpc.Server;

/// <summary>The methods of a server by service and method name. What generated <c>BindService</c> code fills.</summary>
internal sealed class ServiceTable : ServiceBinderBase
{
    // Few services with few dozen methods: comparing bytes is faster than hashing them, and needs no strings.
    private volatile Service[] _services = [];

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        if (handler is not null)
            AddUnary(method, handler);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        if (handler is not null)
        {
            Add(method, new ServerMethod<TRequest, TResponse>(method, async (self, call) =>
                call.Response = await handler(self.Reader(call), call).ConfigureAwait(false)));
        }
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        if (handler is not null)
        {
            Add(method, new ServerMethod<TRequest, TResponse>(
                method, (self, call) => handler((TRequest)call.Request!, self.Writer(call), call)));
        }
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        if (handler is not null)
        {
            Add(method, new ServerMethod<TRequest, TResponse>(
                method, (self, call) => handler(self.Reader(call), self.Writer(call), call)));
        }
    }

    /// <summary>As <see cref="AddMethod{TRequest,TResponse}(Method{TRequest,TResponse},UnaryServerMethod{TRequest,TResponse})"/>, not virtual.</summary>
    public void AddUnary<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler)
        where TRequest : class
        where TResponse : class =>
        Add(method, new ServerMethod<TRequest, TResponse>(method, async (_, call) =>
            call.Response = await handler((TRequest)call.Request!, call).ConfigureAwait(false)));

    /// <summary>Offers the methods of <paramref name="service"/> under a second name too.</summary>
    public void AddAlias(string alias, string service)
    {
        var target = Find(Encoding.UTF8.GetBytes(service))
            ?? throw new ArgumentException($"No service '{service}' is bound; bind it before giving it an alias.", nameof(service));
        if (Find(Encoding.UTF8.GetBytes(alias)) is not null)
            throw new ArgumentException($"The service '{alias}' exists already.", nameof(alias));
        _services = [.. _services, new Service(alias, target.Methods)];
    }

    public Service? Find(ReadOnlySpan<byte> service)
    {
        foreach (var candidate in _services)
        {
            if (service.SequenceEqual(candidate.Utf8Name))
                return candidate;
        }

        return null;
    }

    private void Add(IMethod method, ServerMethod handler)
    {
        var name = Encoding.UTF8.GetBytes(method.ServiceName);
        var service = Find(name);
        if (service is null)
            _services = [.. _services, service = new Service(method.ServiceName, new MethodList())];
        if (service.Methods.Find(handler.Utf8Name) is not null)
            throw new ArgumentException($"{method.FullName} is bound already.");
        service.Methods.Add(handler);
    }

    /// <summary>A service under one of its names.</summary>
    public sealed class Service(string name, MethodList methods)
    {
        public string Name { get; } = name;

        public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(name);

        public MethodList Methods { get; } = methods;
    }

    /// <summary>The methods of a service, shared by its names.</summary>
    public sealed class MethodList
    {
        private volatile ServerMethod[] _methods = [];

        public void Add(ServerMethod method) => _methods = [.. _methods, method];

        public ServerMethod? Find(ReadOnlySpan<byte> name)
        {
            foreach (var method in _methods)
            {
                if (name.SequenceEqual(method.Utf8Name))
                    return method;
            }

            return null;
        }
    }
}
