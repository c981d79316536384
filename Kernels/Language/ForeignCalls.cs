using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace GpuCnn.Kernels.Language;

/// <summary>Closes a generic method by reflection, for structs of other assemblies. Called by code that the compiler writes.</summary>
/// <typeparam name="TCall">A delegate with the method's parameters and result.</typeparam>
/// <param name="holder">The type that declares the method.</param>
/// <param name="method">The name of a private static method with one type parameter.</param>
public sealed class ForeignCalls<TCall>(Type holder, string method) where TCall : Delegate
{
    private static readonly MethodInfo HoldsReferences =
        typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.IsReferenceOrContainsReferences))!;

    private readonly ConcurrentDictionary<Type, TCall> _calls = new();

    /// <summary>Returns the method for the type of a value.</summary>
    /// <exception cref="ArgumentException">The value is not a struct, or has references.</exception>
    public TCall For(object value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return _calls.GetOrAdd(value.GetType(), Close);
    }

    private TCall Close(Type type)
    {
        if ((bool)HoldsReferences.MakeGenericMethod(type).Invoke(null, null)!)
            throw new ArgumentException($"{holder.Name} expects a struct without references, but got {type.FullName}.");
        return holder.GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).CreateDelegate<TCall>();
    }
}
