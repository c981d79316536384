using System.Reflection;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Tests.Kernels;

/// <summary>The functions of one value that kernels are compiled for.</summary>
internal static class EveryFunction
{
    /// <summary>All functions. The identity is last, because most tests use it anyway.</summary>
    public static IEnumerable<Type> Types =>
        typeof(IPointwise).Assembly.GetTypes()
            .Where(type => type.IsValueType && type.IsAssignableTo(typeof(IPointwise)) && !type.IsGenericType)
            .OrderBy(type => type == typeof(Identity));

    /// <summary>Calls a method that takes a function as its type parameter.</summary>
    public static void Call(object fixture, string method, Type function) =>
        fixture.GetType().GetMethod(method, BindingFlags.NonPublic | BindingFlags.Instance)!
            .MakeGenericMethod(function).Invoke(fixture, BindingFlags.DoNotWrapExceptions, null, null, null);

    /// <summary>Applies a function in double.</summary>
    public static double[] Of<TFunction>(double[] x) where TFunction : unmanaged, IPointwise =>
        [.. x.Select(value => default(TFunction).Forward(new Float64(value)).Value)];
}
