using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>A compiled helper, and what calls of it have to respect.</summary>
/// <param name="HasEffects">Whether it writes memory.</param>
/// <param name="HasBarriers">Whether it waits at a barrier.</param>
/// <param name="Demands">What arguments have to be.</param>
internal sealed record Function(string Name, DeviceType ReturnType, bool HasEffects, bool HasBarriers, Demands Demands);

/// <summary>What a helper takes of its parameters for granted, by their ordinals.</summary>
/// <param name="NonNegative">It is 0 or more.</param>
/// <param name="Varying">It is not known when the kernel is compiled.</param>
internal sealed record Demands(IReadOnlyCollection<int> NonNegative, IReadOnlyCollection<int> Varying);

/// <summary>
/// The helpers that a kernel reaches, each compiled once per method, closed types and address space of each view: OpenCL 1.2 has no pointers that fit all spaces.
/// </summary>
internal sealed class FunctionCatalog(KernelContext context)
{
    private readonly Dictionary<string, Function?> _functions = new(StringComparer.Ordinal);
    private readonly List<FunctionModel> _models = [];

    /// <summary>In an order in which each calls only those before it.</summary>
    public IReadOnlyList<FunctionModel> Models => _models;

    /// <param name="method">Closed.</param>
    /// <param name="arguments">The struct where it is a member of one, then the arguments in the order of the parameters.</param>
    /// <returns>Null where it cannot be compiled, which has been reported.</returns>
    public Function? Get(IMethodSymbol method, IReadOnlyList<Expression> arguments, SyntaxNode at)
    {
        SyntaxNode? syntax = method.OriginalDefinition.PartialImplementationPart is { } part
            ? part.DeclaringSyntaxReferences[0].GetSyntax(context.Cancellation)
            : method.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(context.Cancellation);
        // What the C# compiler writes, such as == of a record, has its type's declaration for a source.
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
            // Null stands for one that is being compiled; one that failed has a body nevertheless.
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
                ? new PointerType(context.Types.MapPresent(((INamedTypeSymbol)type).TypeArguments[0], at), space, KernelLanguage.IsReadOnlyView(type))
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
        _models.Add(new(name, returnType, parameters.Where(parameter => parameter.Type is not EmptyType).ToEquatable(), statements.ToEquatable()));
        return new(name, returnType, body.HasEffects, body.HasBarriers, body.Demands);
    }

    private static string MethodName(IMethodSymbol method) => method.MethodKind switch
    {
        MethodKind.UserDefinedOperator or MethodKind.Conversion => WithoutInterface(method.Name).Substring("op_".Length),
        MethodKind.Constructor => "New",
        MethodKind.PropertyGet => WithoutInterface(method.AssociatedSymbol!.Name),
        _ => WithoutInterface(method.Name),
    };

    /// <summary>Of an explicit implementation, the name that the interface gave it.</summary>
    private static string WithoutInterface(string name) => name.Substring(name.LastIndexOf('.') + 1);

    private DeviceType ReportView(SyntaxNode syntax, IMethodSymbol method)
    {
        context.Diagnostics.Report(Rules.ViewSpace, syntax, $"the result of {method.Name}");
        return DeviceType.Int;
    }
}
