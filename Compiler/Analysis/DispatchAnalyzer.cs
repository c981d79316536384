using System.Globalization;
using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace GpuCnn.Compiler.Analysis;

/// <summary>A member marked [Dispatched], as values.</summary>
/// <param name="Model">Null for a member with errors.</param>
internal sealed record AnalyzedDispatch(DispatchModel? Model, EquatableArray<DiagnosticInfo> Diagnostics);

/// <summary>Describes the method that is added for a member marked [Dispatched].</summary>
internal sealed class DispatchAnalyzer
{
    private static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.FullyQualifiedFormat
        .AddMiscellaneousOptions(SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    private static readonly DispatchParameter
        Launches = new($"global::{KernelLanguage.Namespace}.IKernelLaunches", "launches", null, IsForwarded: false),
        Groups = new($"global::{KernelLanguage.Namespace}.Size3", "groups", null, IsForwarded: false);

    private readonly KernelContext _context;
    private readonly ISymbol _symbol;

    private DispatchAnalyzer(GeneratorAttributeSyntaxContext source, CancellationToken cancellation)
    {
        _context = new(source.SemanticModel.Compilation, cancellation);
        _symbol = source.TargetSymbol;
    }

    public static AnalyzedDispatch Analyze(GeneratorAttributeSyntaxContext source, CancellationToken cancellation)
    {
        var analyzer = new DispatchAnalyzer(source, cancellation);
        DispatchModel? model = analyzer._symbol is IMethodSymbol method
            ? analyzer.OfMethod(method)
            : analyzer.OfType((INamedTypeSymbol)analyzer._symbol);
        EquatableArray<DiagnosticInfo> diagnostics = analyzer._context.Diagnostics.InSourceOrder();
        return new(diagnostics.Count == 0 ? model : null, diagnostics);
    }

    /// <summary>An overload.</summary>
    private DispatchModel? OfMethod(IMethodSymbol method)
    {
        INamedTypeSymbol type = method.ContainingType;
        if (method.TypeParameters.Length != 1) return Refuse("it needs exactly one type parameter");
        if (type.IsGenericType || type.ContainingType is not null || type.TypeKind is not (TypeKind.Class or TypeKind.Struct))
            return Refuse("its type may not be generic or within a type");
        if (!IsPartial(type)) return Refuse("its type has to be partial");
        ITypeParameterSymbol parameter = method.TypeParameters[0];
        if (method.ReturnsByRef || method.ReturnsByRefReadonly || Mentions(method.ReturnType, parameter))
            return Refuse("its result may not depend on the type parameter");
        if (Parameters(method, parameter) is not { } parameters) return null;

        string modifiers = type.IsStatic ? "static " : type.IsReadOnly ? "readonly " : "";
        string kind = type.TypeKind == TypeKind.Struct ? "struct" : "class";
        int overload = type.GetMembers(method.Name).IndexOf(method);
        string file = overload == 0 ? method.Name : method.Name + overload.ToString(CultureInfo.InvariantCulture);
        return Model(
            type, $"{modifiers}unsafe partial {kind} {type.Name}", method.DeclaredAccessibility, method.IsStatic, method.Name,
            method.ReturnsVoid ? "void" : method.ReturnType.ToDisplayString(Full), parameters, parameter,
            method.IsStatic ? DispatchKind.StaticMethod : DispatchKind.InstanceMethod, file);
    }

    /// <summary>Of in a static class for a class, Launch for a kernel.</summary>
    private DispatchModel? OfType(INamedTypeSymbol type)
    {
        if (type.TypeParameters.Length != 1) return Refuse("it needs exactly one type parameter");
        if (type.ContainingType is not null || type.ContainingNamespace.IsGlobalNamespace)
            return Refuse("it has to be in a namespace and not within a type");
        IMethodSymbol[] constructors = [.. type.InstanceConstructors.Where(constructor =>
            !constructor.IsImplicitlyDeclared && constructor.DeclaredAccessibility != Accessibility.Private)];
        if (constructors.Length != 1) return Refuse("it needs exactly one constructor that is not private");
        ITypeParameterSymbol parameter = type.TypeParameters[0];
        if (Parameters(constructors[0], parameter) is not { } parameters) return null;

        string container = $"{SyntaxFacts.GetText(type.DeclaredAccessibility)} static unsafe partial class {type.Name}";
        if (type.TypeKind == TypeKind.Struct)
        {
            if (!KernelLanguage.Has(type, "KernelAttribute")) return Refuse("a struct has to be a kernel");
            bool hasGrid = type.Interfaces.Any(implemented => implemented.Name == "IKernelGrid" && KernelLanguage.Declares(implemented));
            parameters = [Launches, .. parameters, .. hasGrid ? [] : new[] { Groups }];
            return Model(type, container, type.DeclaredAccessibility, true, "Launch", "void", parameters, parameter,
                hasGrid ? DispatchKind.GridKernel : DispatchKind.Kernel, "Launch");
        }
        if (type.Interfaces.Length == 0) return Refuse("it has to implement an interface: the result of the added method");
        if (Mentions(type.Interfaces[0], parameter)) return Refuse("its first interface may not depend on the type parameter");
        return Model(type, container, type.DeclaredAccessibility, true, "Of", type.Interfaces[0].ToDisplayString(Full),
            parameters, parameter, DispatchKind.Constructor, "Of");
    }

    private DispatchModel? Model(
        INamedTypeSymbol type, string container, Accessibility access, bool isStatic, string name, string result,
        DispatchParameter[] parameters, ITypeParameterSymbol parameter, DispatchKind kind, string file)
    {
        IReadOnlyList<INamedTypeSymbol> types = TypeArguments.Of(parameter, type, _symbol.Name, _context);
        if (types.Count == 0) return null;
        string space = type.ContainingNamespace.ToDisplayString(), value = parameters.First(item => item.Type == Interface(parameter)).Name;
        return new(
            space, container, type.Name, SyntaxFacts.GetText(access) + (isStatic ? " static" : ""), name, result,
            parameters.ToEquatable(), value, new(kind, _symbol.Name, parameter.Name, Interface(parameter)),
            types.Select(found => found.ToDisplayString(Full)).ToEquatable(), $"{space}.{type.Name}.{file}.g.cs", Summary.Of(_symbol,
                _context.Cancellation));
    }

    /// <summary>The parameters with the interface in place of the type parameter, or null after an error.</summary>
    private DispatchParameter[]? Parameters(IMethodSymbol method, ITypeParameterSymbol parameter)
    {
        bool isPlain = method.Parameters.Count(IsValue) == 1
            && method.Parameters.All(item => item.RefKind == RefKind.None && !item.IsParams)
            && method.Parameters.All(item => IsValue(item) || !Mentions(item.Type, parameter));
        if (!isPlain)
        {
            Refuse($"exactly one parameter has to be of the type {parameter.Name}, and none may be 'params' or a reference");
            return null;
        }
        if (parameter.ConstraintTypes.Length > 1)
        {
            Refuse("its type parameter has to have one interface: the type of the value");
            return null;
        }
        return [.. method.Parameters.Select(item => new DispatchParameter(
            IsValue(item) ? Interface(parameter) : item.Type.ToDisplayString(Full), item.Name,
            item.HasExplicitDefaultValue ? Default(item) : null))];

        bool IsValue(IParameterSymbol candidate) => SymbolEqualityComparer.Default.Equals(candidate.Type, parameter);
    }

    private static string Interface(ITypeParameterSymbol parameter) =>
        parameter.ConstraintTypes.FirstOrDefault()?.ToDisplayString(Full) ?? "";

    private static string Default(IParameterSymbol parameter) => parameter.ExplicitDefaultValue switch
    {
        null => "default",
        var value when parameter.Type.TypeKind == TypeKind.Enum =>
            $"({parameter.Type.ToDisplayString(Full)})({SymbolDisplay.FormatPrimitive(value, true, false)})",
        float value => SymbolDisplay.FormatPrimitive(value, true, false) + "f",
        var value => SymbolDisplay.FormatPrimitive(value, true, false) ?? "default",
    };

    private bool IsPartial(INamedTypeSymbol type) => type.DeclaringSyntaxReferences.Any(reference =>
        reference.GetSyntax(_context.Cancellation) is TypeDeclarationSyntax declaration
        && declaration.Modifiers.Any(SyntaxKind.PartialKeyword));

    private static bool Mentions(ITypeSymbol type, ITypeParameterSymbol parameter) => type switch
    {
        ITypeParameterSymbol => SymbolEqualityComparer.Default.Equals(type, parameter),
        INamedTypeSymbol named => named.TypeArguments.Any(argument => Mentions(argument, parameter)),
        IArrayTypeSymbol array => Mentions(array.ElementType, parameter),
        IPointerTypeSymbol pointer => Mentions(pointer.PointedAtType, parameter),
        _ => false,
    };

    private DispatchModel? Refuse(string reason)
    {
        _context.Diagnostics.Report(Rules.Dispatch, _symbol.Locations[0], _symbol.Name, reason);
        return null;
    }
}
