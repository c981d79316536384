using System.Reflection;

namespace GpuCnn.Data;

/// <summary>
/// The open sets of this assembly (decoders, encoders, kinds of data set, augmentations): to add a member is to add a file.
/// </summary>
internal static class Catalog
{
    /// <summary>
    /// One of each concrete <typeparamref name="T"/> with a parameterless constructor, in the ordinal order of type names.
    /// </summary>
    /// <param name="argument">Given to constructors that take just that.</param>
    public static IReadOnlyList<T> Of<T>(object? argument = null) where T : class =>
    [
        .. typeof(Catalog).Assembly.GetTypes()
            .Where(type => type is { IsAbstract: false, IsClass: true } && type.IsAssignableTo(typeof(T))
                && type.GetConstructor(Type.EmptyTypes) is not null)
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .Select(type => (T)(Constructor(type, argument)?.Invoke([argument]) ?? Activator.CreateInstance(type)!)),
    ];

    private static ConstructorInfo? Constructor(Type type, object? argument) => argument is null ? null
        : type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .FirstOrDefault(c => c.GetParameters() is [var only] && only.ParameterType.IsInstanceOfType(argument));
}
