using System.Reflection;

namespace GpuCnn.Engine.Sets;

/// <summary>
/// Finds implementations by reflection in three places: the assembly that declares the interface or base class, the program's own assembly,
/// and those given to <see cref="Register"/>. To add an implementation, add a class with a constructor that needs no arguments.
/// </summary>
public static class Registry
{
    private static readonly Lock Gate = new();
    private static readonly List<Assembly> Registered = [];

    /// <summary>Adds an assembly to search, such as a plug-in loaded later.</summary>
    public static void Register(Assembly assembly)
    {
        lock (Gate)
        {
            if (Registered.Contains(assembly)) return;
            Registered.Add(assembly);
            Version++;
        }
    }

    /// <summary>Grows with each registered assembly, so that a cached result can be recognised as outdated.</summary>
    public static int Version { get; private set; }

    /// <summary>Creates one instance of each concrete implementation of <typeparamref name="T"/>, in ordinal order of type names.</summary>
    /// <param name="argument">Passed to constructors that take only this argument.</param>
    /// <exception cref="GpuCnnException">A constructor throws.</exception>
    public static IReadOnlyList<T> CreateAll<T>(object? argument = null) where T : class =>
    [
        .. Assemblies(typeof(T)).SelectMany(TypesOf)
            .Where(type => type is { IsAbstract: false, IsClass: true, ContainsGenericParameters: false } && type.IsAssignableTo(typeof(T)))
            .OrderBy(type => type.FullName, StringComparer.Ordinal)
            .Select(type => (Type: type, Constructor: PlainConstructor(type))).Where(found => found.Constructor is not null)
            .Select(found => (T)Create(found.Type, found.Constructor!, argument)),
    ];

    /// <summary>Creates an instance of a type with its default settings.</summary>
    internal static object Create(Type type) => Create(type, PlainConstructor(type)
        ?? throw new GpuCnnException($"{type.Name} cannot be created by name: give it a constructor that needs no arguments."), null);

    /// <summary>Checks that no two members share a name.</summary>
    /// <param name="what">Noun for a member in the message: "optimizer".</param>
    /// <exception cref="GpuCnnException">Two members share a name; the message names their types.</exception>
    public static void CheckNames<T>(string what, IReadOnlyList<T> members) where T : class, INamed
    {
        var shared = members.GroupBy(member => member.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1);
        if (shared is null) return;
        string types = string.Join(" and ", shared.Select(member => member.GetType().FullName));
        throw new GpuCnnException($"Each {what} needs a unique name, but {types} are all named '{shared.Key}'; rename one.");
    }

    private static IEnumerable<Assembly> Assemblies(Type set)
    {
        lock (Gate)
        {
            IEnumerable<Assembly?> assemblies = [set.Assembly, Assembly.GetEntryAssembly(), .. Registered];
            return [.. assemblies.OfType<Assembly>().Distinct()];
        }
    }

    private static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException exception)
        {
            // Types that did not load depend on something that is missing, so a registry cannot use them.
            return exception.Types.OfType<Type>();
        }
    }

    /// <summary>Returns the constructor that needs no arguments: it has no parameters, or all have defaults.</summary>
    private static ConstructorInfo? PlainConstructor(Type type) =>
        Constructors(type).Where(constructor => constructor.GetParameters().All(parameter => parameter.HasDefaultValue))
            .OrderBy(constructor => constructor.GetParameters().Length).FirstOrDefault();

    private static ConstructorInfo[] Constructors(Type type) =>
        type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);

    private static object Create(Type type, ConstructorInfo plain, object? argument)
    {
        ConstructorInfo? taking = argument is null ? null : Constructors(type)
            .FirstOrDefault(constructor => constructor.GetParameters() is [var only] && only.ParameterType.IsInstanceOfType(argument));
        try
        {
            return taking is not null ? taking.Invoke([argument])
                : plain.Invoke([.. plain.GetParameters().Select(parameter => parameter.DefaultValue)]);
        }
        catch (TargetInvocationException exception)
        {
            Exception cause = exception.InnerException ?? exception;
            string reason = $"{cause.GetType().Name}: {cause.Message.ReplaceLineEndings(" ").TrimEnd('.')}";
            throw new GpuCnnException($"{type.FullName} cannot be created: its constructor failed with {reason}.", cause);
        }
    }
}
