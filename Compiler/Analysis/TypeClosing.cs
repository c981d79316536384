using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Substitutes the type parameters of a helper or a generic kernel in one of its compilations.</summary>
internal sealed class TypeClosing
{
    private readonly Dictionary<ITypeParameterSymbol, ITypeSymbol> _arguments = new(SymbolEqualityComparer.Default);

    public static TypeClosing None { get; } = new();

    /// <param name="parameter">The type parameter of a kernel.</param>
    public static TypeClosing Of(ITypeParameterSymbol parameter, ITypeSymbol argument)
    {
        var closing = new TypeClosing();
        closing.Add([parameter], [argument]);
        return closing;
    }

    /// <param name="method">A method whose type arguments, and those of its containing types, are substituted.</param>
    public static TypeClosing Of(IMethodSymbol method)
    {
        var closing = new TypeClosing();
        closing.Add(method.OriginalDefinition.TypeParameters, method.TypeArguments);
        for (INamedTypeSymbol? type = method.ContainingType; type is not null; type = type.ContainingType)
            closing.Add(type.OriginalDefinition.TypeParameters, type.TypeArguments);
        return closing;
    }

    public ITypeSymbol Close(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol parameter => _arguments.TryGetValue(parameter, out ITypeSymbol argument) ? argument : type,
        INamedTypeSymbol { IsGenericType: true } named when _arguments.Count > 0 && named.TypeArguments.Any(IsOpen) =>
            named.ConstructedFrom.Construct([.. named.TypeArguments.Select(Close)]),
        _ => type,
    };

    /// <summary>Substitutes the type arguments of a method's call and of the type that it is called on.</summary>
    public IMethodSymbol Close(IMethodSymbol method)
    {
        if (_arguments.Count == 0) return method;
        IMethodSymbol definition = method.OriginalDefinition;
        if (method.ContainingType.IsGenericType && Close(method.ContainingType) is INamedTypeSymbol type)
            definition = type.GetMembers(method.Name).OfType<IMethodSymbol>()
                .First(member => SymbolEqualityComparer.Default.Equals(member.OriginalDefinition, method.OriginalDefinition));
        return method.IsGenericMethod ? definition.Construct([.. method.TypeArguments.Select(Close)]) : definition;
    }

    private static bool IsOpen(ITypeSymbol type) =>
        type is ITypeParameterSymbol || type is INamedTypeSymbol { IsGenericType: true } named && named.TypeArguments.Any(IsOpen);

    private void Add(IReadOnlyList<ITypeParameterSymbol> parameters, IReadOnlyList<ITypeSymbol> arguments)
    {
        for (int i = 0; i < parameters.Count; i++) _arguments[parameters[i]] = arguments[i];
    }
}
