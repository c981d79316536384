using GpuCnn.Compiler.Diagnostics;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Finds the structs that a type parameter can stand for: all non-generic structs of the project that meet its constraints.
/// </summary>
internal static class TypeArguments
{
    /// <summary>Empty if there is none, which has been reported.</summary>
    /// <param name="within">The type whose code names the structs.</param>
    /// <param name="name">The owner of the type parameter, in messages.</param>
    public static IReadOnlyList<INamedTypeSymbol> Of(
        ITypeParameterSymbol parameter, INamedTypeSymbol within, string name, KernelContext context)
    {
        INamedTypeSymbol[] interfaces = [.. Interfaces(parameter)];
        if (interfaces.Length == 0 || !parameter.HasUnmanagedTypeConstraint || parameter.ConstraintTypes.Length > interfaces.Length)
        {
            context.Diagnostics.Report(Rules.TypeParameter, parameter.Locations[0], parameter.Name, name);
            return [];
        }
        INamedTypeSymbol[] found =
        [
            .. All(context.Compilation.Assembly.GlobalNamespace, context.Cancellation)
                .Where(type => IsStruct(type) && context.Compilation.IsSymbolAccessibleWithin(type, within)
                    && interfaces.All(required => Implements(type, parameter, required)))
                .OrderBy(type => type.ToDisplayString(), StringComparer.Ordinal),
        ];
        if (found.Length == 0) context.Diagnostics.Report(Rules.NoTypeArgument, parameter.Locations[0], name, Describe(parameter));
        return found;
    }

    /// <summary>The required interfaces, for messages.</summary>
    public static string Describe(ITypeParameterSymbol parameter) =>
        string.Join(" and ", Interfaces(parameter).Select(type => type.ToDisplayString(SymbolDisplayFormat.MinimallyQualifiedFormat)));

    private static IEnumerable<INamedTypeSymbol> Interfaces(ITypeParameterSymbol parameter) =>
        parameter.ConstraintTypes.OfType<INamedTypeSymbol>().Where(type => type.TypeKind == TypeKind.Interface);

    private static bool IsStruct(INamedTypeSymbol type) =>
        type is { TypeKind: TypeKind.Struct, IsGenericType: false, IsRefLikeType: false, IsUnmanagedType: true };

    /// <summary>Whether a type implements an interface, possibly one that takes the type itself: IArithmetic&lt;T&gt;.</summary>
    private static bool Implements(INamedTypeSymbol type, ITypeParameterSymbol parameter, INamedTypeSymbol required)
    {
        ITypeSymbol closed = TypeClosing.Of(parameter, type).Close(required);
        return type.AllInterfaces.Any(implemented => SymbolEqualityComparer.Default.Equals(implemented, closed));
    }

    private static IEnumerable<INamedTypeSymbol> All(INamespaceOrTypeSymbol around, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        foreach (ISymbol member in around.GetMembers())
        {
            if (member is INamedTypeSymbol type) yield return type;
            if (member is not INamespaceOrTypeSymbol inner) continue;
            foreach (INamedTypeSymbol nested in All(inner, cancellation)) yield return nested;
        }
    }
}
