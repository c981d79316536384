using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>A compiled helper, and what its callers need to know.</summary>
/// <param name="HasEffects">Whether it writes memory.</param>
/// <param name="HasBarriers">Whether it waits at a barrier.</param>
/// <param name="Demands">What it assumes about its arguments.</param>
internal sealed record Function(string Name, DeviceType ReturnType, bool HasEffects, bool HasBarriers, Demands Demands);

/// <summary>What a helper assumes about its parameters, by their ordinals.</summary>
/// <param name="NonNegative">Parameters that are 0 or more.</param>
/// <param name="Varying">Parameters that are not known when the kernel is compiled.</param>
internal sealed record Demands(IReadOnlyCollection<int> NonNegative, IReadOnlyCollection<int> Varying);

/// <summary>
/// The helpers that a kernel reaches. Each is compiled once per method, constructed types and address space of each view, because OpenCL
/// 1.2 has no pointer that fits all address spaces.
/// </summary>
internal sealed class FunctionCatalog(KernelContext context)
{
    private readonly Dictionary<string, Function?> _functions = new(StringComparer.Ordinal);
    private readonly List<FunctionModel> _models = [];

    /// <summary>Ordered so that each function calls only those before it.</summary>
    public IReadOnlyList<FunctionModel> Models => _models;

    /// <param name="method">A method with all type arguments substituted.</param>
    /// <param name="arguments">The struct if the method is a member of one, then the arguments in the order of the parameters.</param>
    /// <returns>Null if it cannot be compiled, which has been reported.</returns>
    public Function? Get(IMethodSymbol method, IReadOnlyList<Expression> arguments, SyntaxNode at)
    {
        SyntaxNode? syntax = method.OriginalDefinition.PartialImplementationPart is { } part
            ? part.DeclaringSyntaxReferences[0].GetSyntax(context.Cancellation)
            : method.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(context.Cancellation);
        // A method that the C# compiler writes, such as == of a record, gives its type's declaration as its source.
        if (syntax is null || method is { IsImplicitlyDeclared: true, MethodKind: not MethodKind.Constructor })
        {
            context.Diagnostics.Report(Rules.NoSource, at, method.ToDisplayString());
            return null;
        }

        Space?[] spaces = [.. arguments.Select(argument => (argument.Type as PointerType)?.Space)];
        string key = method.OriginalDefinition.GetDocumentationCommentId() + " of " + method.ContainingType.ToDisplayString()
            + "<" + string.Join(",", method.TypeArguments.Select(type => type.ToDisplayString())) + ">" + string.Join(",", spaces);
        if (_functions.TryGetValue(key, out Function? known))
        {
            // Null marks a method that is being compiled. A method that failed still has an entry.
            if (known is null) context.Diagnostics.Report(Rules.Recursion, at, method.Name);
            return known;
        }

        _functions.Add(key, null);
        Function function = Compile(method, syntax, spaces);
        _functions[key] = function;
        return function;
    }

    private Function Compile(IMethodSymbol method, SyntaxNode syntax, Space?[] spaces)
    {
        TypeClosing closing = TypeClosing.Of(method);
        IMethodSymbol definition = method.OriginalDefinition.PartialImplementationPart ?? method.OriginalDefinition;
        var body = new BodyAnalyzer(context, closing, definition, isKernel: false);
        var parameters = new List<FieldModel>();
        DeviceType? self = method.IsStatic ? null : context.Types.Map(method.ContainingType, syntax);
        bool isConstructor = method.MethodKind == MethodKind.Constructor;
        if (self is not null && !isConstructor)
        {
            body.DeclareSelf(self);
            parameters.Add(new(BodyAnalyzer.SelfName, self));
        }
        foreach (IParameterSymbol parameter in definition.Parameters)
        {
            SyntaxNode at = parameter.DeclaringSyntaxReferences[0].GetSyntax(context.Cancellation);
            if (parameter.RefKind is not (RefKind.None or RefKind.In)) context.Diagnostics.Report(Rules.References, at, at.ToString());
            ITypeSymbol type = closing.Close(parameter.Type);
            DeviceType mapped = spaces[parameters.Count] is { } space && KernelLanguage.IsView(type)
                ? new PointerType(context.Types.MapPresent(((INamedTypeSymbol)type).TypeArguments[0], at), space,
                    KernelLanguage.IsReadOnlyView(type))
                : context.Types.Map(type, at);
            if (mapped is PointerType view) body.DeclareView(parameter, view);
            parameters.Add(new(NameAllocator.Variable(parameter.Name), mapped));
        }
        ITypeSymbol returned = isConstructor ? method.ContainingType : closing.Close(definition.ReturnType);
        DeviceType returnType = KernelLanguage.IsView(returned) ? ReportView(syntax, method) : context.Types.MapPresent(returned, syntax);
        Statement[] statements = isConstructor ? body.AnalyzeConstructor(syntax, method.ContainingType, self!) : body.Analyze(syntax);
        string name = context.Names.Unique(string.Join("_", new[] { method.ContainingType.Name, MethodName(method) }
            .Concat(method.TypeArguments.Select(type => type.Name))
            .Concat(spaces.Where(space => space is Space.Shared or Space.Local).Select(space => space.ToString()!.ToLowerInvariant()))));
        _models.Add(new(name, returnType, parameters.Where(parameter => parameter.Type is not EmptyType).ToEquatable(),
            statements.ToEquatable()));
        return new(name, returnType, body.HasEffects, body.HasBarriers, body.Demands);
    }

    private static string MethodName(IMethodSymbol method) => method.MethodKind switch
    {
        MethodKind.UserDefinedOperator or MethodKind.Conversion => WithoutInterface(method.Name).Substring("op_".Length),
        MethodKind.Constructor => "New",
        MethodKind.PropertyGet => WithoutInterface(method.AssociatedSymbol!.Name),
        _ => WithoutInterface(method.Name),
    };

    /// <summary>The interface's name for an explicit implementation.</summary>
    private static string WithoutInterface(string name) => name.Substring(name.LastIndexOf('.') + 1);

    private DeviceType ReportView(SyntaxNode syntax, IMethodSymbol method)
    {
        context.Diagnostics.Report(Rules.ViewSpace, syntax, $"the result of {method.Name}");
        return DeviceType.Int;
    }
}
