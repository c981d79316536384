using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Host;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Everything known about a kernel, as values: the pipeline compares it with the previous result.</summary>
/// <param name="Host">Null if even the kernel's declaration is malformed.</param>
/// <param name="Kernels">One, or for a generic kernel one per struct that its type parameter stands for; empty if it has errors.</param>
internal sealed record AnalyzedKernel(HostModel? Host, EquatableArray<KernelModel> Kernels, EquatableArray<DiagnosticInfo> Diagnostics);

/// <summary>Checks a kernel's declaration and has its body analyzed.</summary>
internal sealed class KernelAnalyzer
{
    private readonly KernelContext _context;
    private readonly INamedTypeSymbol _type;
    private readonly AttributeData _attribute;
    private readonly TypeDeclarationSyntax _declaration;

    private KernelAnalyzer(GeneratorAttributeSyntaxContext source, CancellationToken cancellation)
    {
        _context = new(source.SemanticModel.Compilation, cancellation);
        _type = (INamedTypeSymbol)source.TargetSymbol;
        _attribute = source.Attributes[0];
        _declaration = (TypeDeclarationSyntax)source.TargetNode;
    }

    public static AnalyzedKernel Analyze(GeneratorAttributeSyntaxContext source, CancellationToken cancellation) =>
        new KernelAnalyzer(source, cancellation).Analyze();

    private AnalyzedKernel Analyze()
    {
        DiagnosticBag diagnostics = _context.Diagnostics;
        bool isWellFormed =
            _type is
            {
                IsReadOnly: true, IsRecord: false, TypeParameters.Length: <= 1, ContainingType: null,
                ContainingNamespace.IsGlobalNamespace: false
            }
            && _declaration.Modifiers.Any(SyntaxKind.PartialKeyword);
        if (!isWellFormed) diagnostics.Report(Rules.Declaration, _declaration.Identifier.GetLocation(), _type.Name);

        IMethodSymbol? constructor = _type.InstanceConstructors.FirstOrDefault(candidate =>
            candidate.DeclaringSyntaxReferences.Any(reference => reference.GetSyntax(_context.Cancellation) is TypeDeclarationSyntax));
        if (constructor is null) diagnostics.Report(Rules.Constructor, _declaration.Identifier.GetLocation(), _type.Name);

        IMethodSymbol? execute = _type.GetMembers("Execute").OfType<IMethodSymbol>()
            .FirstOrDefault(candidate =>
                candidate is
                {
                    IsStatic: false, ReturnsVoid: true, Parameters.Length: 0, DeclaredAccessibility: Accessibility.Public,
                    TypeParameters.Length: 0
                });
        if (execute is null) diagnostics.Report(Rules.Execute, _declaration.Identifier.GetLocation(), _type.Name);

        bool isInPlace = _attribute.NamedArguments.Any(argument => argument is { Key: "InPlace", Value.Value: true });
        GroupShapeModel? shape = GroupShape();
        if (constructor is null || execute is null) return new(null, default, diagnostics.InSourceOrder());

        var header = new KernelHeader(_type.ContainingNamespace.ToDisplayString(), _type.Name, default, shape, isInPlace,
            Summary.Of(_type, _context.Cancellation), HasProperty("SharedBytes"));
        SyntaxNode syntax = execute.DeclaringSyntaxReferences[0].GetSyntax(_context.Cancellation);
        if (_type.TypeParameters.Length == 0)
        {
            KernelModel kernel = Body(_context, header, constructor, execute, syntax, TypeClosing.None);
            return Result(isWellFormed, kernel.Header, [kernel], syntax, null);
        }
        if (!isWellFormed) return new(null, default, diagnostics.InSourceOrder());
        ITypeParameterSymbol parameter = _type.TypeParameters[0];
        IReadOnlyList<INamedTypeSymbol> types = TypeArguments.Of(parameter, _type, _type.Name, _context);
        var kernels = new List<KernelModel>();
        var instances = new List<InstanceModel>();
        foreach (INamedTypeSymbol type in types)
        {
            string name = _type.Name + "_" + NameOf(type, types);
            KernelModel kernel =
                Body(_context.Another(), header with { Name = name }, constructor, execute, syntax, TypeClosing.Of(parameter, type));
            kernels.Add(kernel);
            instances.Add(new(StepsWriter.Full(type), name,
                kernel.Header.Parameters.Where(argument => argument.Type is EmptyType).Select(argument => argument.Name).ToEquatable()));
        }
        header = header with { Parameters = kernels.Count > 0 ? kernels[0].Header.Parameters : default };
        return Result(true, header, [.. kernels], syntax, new(parameter.Name, TypeArguments.Describe(parameter), instances.ToEquatable()));
    }

    private AnalyzedKernel Result(bool isWellFormed, KernelHeader header, KernelModel[] kernels, SyntaxNode execute, GenericModel? generic)
    {
        bool hasBarriers = kernels.Any(kernel => kernel.HasBarriers);
        StepsCode? steps = hasBarriers ? new StepsWriter(_context, _type).Write((MethodDeclarationSyntax)execute) : null;
        EquatableArray<DiagnosticInfo> found = _context.Diagnostics.InSourceOrder();
        // A kernel with errors still gets its interface, so that its users add no errors of their own.
        if (found.Count > 0)
            return new(isWellFormed
                ? new(header, null, generic is null ? null : generic with { Instances = default })
                : null, default, found);
        return new(new(header, HasErrors(execute) ? null : steps, generic), kernels.ToEquatable(), found);
    }

    private KernelModel Body(KernelContext context, KernelHeader header, IMethodSymbol constructor, IMethodSymbol execute,
        SyntaxNode syntax, TypeClosing closing)
    {
        // Reserve the kernel's own name first, so that no helper or struct takes it.
        context.Names.Unique(header.Name);
        var body = new BodyAnalyzer(context, closing, execute, isKernel: true);
        ParameterModel[] parameters = [.. constructor.Parameters.Select(parameter => Parameter(parameter, context, closing, body))];
        Statement[] statements = body.Analyze(syntax);
        return new(header with { Parameters = parameters.ToEquatable() }, context.Types.Structs.ToEquatable(),
            context.Functions.Models.ToEquatable(),
            statements.ToEquatable(), body.HasBarriers, context.IsCudaOnly, context.NeedsCudaC);
    }

    /// <summary>The struct's name, qualified by its namespace or containing types where another struct has the same name.</summary>
    private static string NameOf(INamedTypeSymbol type, IReadOnlyList<INamedTypeSymbol> all) =>
        NameAllocator.Ascii(all.Count(other => other.Name == type.Name) == 1 ? type.Name : type.ToDisplayString().Replace('.', '_'));

    // Copying a body that is not valid C# would report each error twice.
    private bool HasErrors(SyntaxNode syntax) =>
        _context.ModelOf(syntax.SyntaxTree).GetDiagnostics(syntax.Span, _context.Cancellation)
            .Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error && diagnostic.Id != "CS0535");

    private GroupShapeModel? GroupShape()
    {
        SyntaxNode at = _attribute.ApplicationSyntaxReference?.GetSyntax(_context.Cancellation) ?? _declaration;
        int[] sizes = [.. _attribute.ConstructorArguments.Select(argument => argument.Value as int? ?? 0)];
        if (sizes.Length == 3)
        {
            if (sizes.All(size => size > 0)) return new(sizes[0], sizes[1], sizes[2]);
            _context.Diagnostics.Report(Rules.GroupShape, at, _type.Name);
            return new(1, 1, 1);
        }
        if (!HasProperty("GroupShape"))
        {
            _context.Diagnostics.Report(Rules.GroupShape, at, _type.Name);
            return new(1, 1, 1);
        }
        return null;
    }

    private bool HasProperty(string name) =>
        _type.GetMembers(name).Any(member => member is IPropertySymbol { DeclaredAccessibility: Accessibility.Public });

    private ParameterModel Parameter(IParameterSymbol parameter, KernelContext context, TypeClosing closing, BodyAnalyzer body)
    {
        SyntaxNode at = parameter.DeclaringSyntaxReferences[0].GetSyntax(context.Cancellation);
        ITypeSymbol type = closing.Close(parameter.Type);
        if (KernelLanguage.Has(parameter, "SpecializationAttribute"))
        {
            if (KernelLanguage.IsFlag(type)) return new(parameter.Name, DeviceType.Bool, true, "bool");
            if (TypeMapper.ScalarOf(type) is Scalar.Int or Scalar.UInt or Scalar.Float
                || type.TypeKind == TypeKind.Enum && TypeMapper.ScalarOf(type) is not (Scalar.Long or Scalar.ULong))
            {
                string hostType = (type is INamedTypeSymbol { EnumUnderlyingType: { } underlying } ? underlying : type).ToDisplayString();
                return new(parameter.Name, context.Types.Map(type, at), true, hostType);
            }
            context.Diagnostics.Report(Rules.SpecializationType, at, parameter.Name, type.ToDisplayString());
            return new(parameter.Name, DeviceType.Int, true, "int");
        }
        if (KernelLanguage.IsRegisters(type))
        {
            ReportArgument(parameter, at, "registers belong to one thread; take them from Local.Array");
            return new(parameter.Name, DeviceType.Int, false, "");
        }
        if (KernelLanguage.IsView(type))
        {
            DeviceType element = context.Types.MapPresent(((INamedTypeSymbol)type).TypeArguments[0], at);
            if (element.Scalar is Scalar.Bool) ReportArgument(parameter, at, "bool has no defined size on a device; use byte");
            var view = new PointerType(element, Space.Global, KernelLanguage.IsReadOnlyView(type));
            body.DeclareView(parameter, view);
            return new(parameter.Name, view, false, "");
        }
        if (parameter.RefKind != RefKind.None) context.Diagnostics.Report(Rules.References, at, at.ToString());
        if (parameter.Type is ITypeParameterSymbol && context.Types.Map(type, at) is EmptyType)
            return new(parameter.Name, EmptyType.Instance, false, "");
        if (Unfit(type) is { } reason)
        {
            ReportArgument(parameter, at, reason);
            return new(parameter.Name, DeviceType.Int, false, "");
        }
        return new(parameter.Name, context.Types.Map(type, at), false, "");
    }

    private void ReportArgument(IParameterSymbol parameter, SyntaxNode at, string reason) =>
        _context.Diagnostics.Report(Rules.ArgumentType, at, parameter.Name, reason);

    /// <summary>Why a value cannot be passed by copying its bytes, or null if it can.</summary>
    private static string? Unfit(ITypeSymbol type)
    {
        if (TypeMapper.ScalarOf(type) is { } scalar)
        {
            if (scalar == Scalar.Bool) return "bool has no defined size on a device; use int, or a Flag that is a specialization constant";
            if (scalar.IsVector()) return $"'{type.Name}' has a different alignment there; use floats";
            return null;
        }
        if (type.SpecialType == SpecialType.System_Char) return "a device has no characters; use ushort";
        if (KernelLanguage.IsView(type))
            return "a view within a struct is a pointer within a struct, which OpenCL 1.2 forbids; make it an argument of its own";
        if (KernelLanguage.IsStruct(type)) return null;
        if (type is not INamedTypeSymbol { TypeKind: TypeKind.Struct, IsTupleType: false, DeclaringSyntaxReferences.Length: > 0 } structure)
            return $"'{type.ToDisplayString()}' is not a view, a number, or a struct of numbers declared in this project";
        AttributeData? layout = structure.GetAttributes().FirstOrDefault(data => data.AttributeClass?.Name == "StructLayoutAttribute");
        bool isSequential = layout is null
            || System.Convert.ToInt32(layout.ConstructorArguments[0].Value, System.Globalization.CultureInfo.InvariantCulture) == 0
            && layout.NamedArguments.IsEmpty;
        if (!isSequential) return $"'{type.Name}' does not have the layout of a C struct";
        if (!TypeMapper.FieldsOf(structure).Any()) return $"'{type.Name}' has no fields";
        return TypeMapper.FieldsOf(structure)
            .Select(field => Unfit(field.Field.Type) is { } reason ? $"in its field '{field.Name}', {reason}" : null)
            .FirstOrDefault(reason => reason is not null);
    }
}
