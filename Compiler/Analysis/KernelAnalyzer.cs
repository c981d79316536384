using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Host;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace GpuCnn.Compiler.Analysis;

/// <summary>What is known of a kernel: all values, so that the pipeline can compare it with what it was before.</summary>
/// <param name="Kernel">Null where it has errors.</param>
/// <param name="Steps">C# of the members that stop at barriers, or null where there are none.</param>
internal sealed record AnalyzedKernel(KernelHeader? Header, KernelModel? Kernel, StepsCode? Steps, EquatableArray<DiagnosticInfo> Diagnostics);

/// <summary>Checks the outside of a kernel, and has its body analysed.</summary>
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

    public static AnalyzedKernel Analyze(GeneratorAttributeSyntaxContext source, CancellationToken cancellation) => new KernelAnalyzer(source, cancellation).Analyze();

    private AnalyzedKernel Analyze()
    {
        DiagnosticBag diagnostics = _context.Diagnostics;
        bool isWellFormed = _type is { IsReadOnly: true, IsRecord: false, IsGenericType: false, ContainingType: null, ContainingNamespace.IsGlobalNamespace: false }
            && _declaration.Modifiers.Any(SyntaxKind.PartialKeyword);
        if (!isWellFormed) diagnostics.Report(Rules.Declaration, _declaration.Identifier.GetLocation(), _type.Name);

        IMethodSymbol? constructor = _type.InstanceConstructors.FirstOrDefault(candidate =>
            candidate.DeclaringSyntaxReferences.Any(reference => reference.GetSyntax(_context.Cancellation) is TypeDeclarationSyntax));
        if (constructor is null) diagnostics.Report(Rules.Constructor, _declaration.Identifier.GetLocation(), _type.Name);

        IMethodSymbol? execute = _type.GetMembers("Execute").OfType<IMethodSymbol>()
            .FirstOrDefault(candidate => candidate is { IsStatic: false, ReturnsVoid: true, Parameters.Length: 0, DeclaredAccessibility: Accessibility.Public, TypeParameters.Length: 0 });
        if (execute is null) diagnostics.Report(Rules.Execute, _declaration.Identifier.GetLocation(), _type.Name);

        bool isInPlace = _attribute.NamedArguments.Any(argument => argument is { Key: "InPlace", Value.Value: true });
        GroupShapeModel? shape = GroupShape();
        if (constructor is null || execute is null) return new(null, null, null, diagnostics.InSourceOrder());

        // The kernel's own name first: no helper or struct takes it.
        _context.Names.Unique(_type.Name);
        var body = new BodyAnalyzer(_context, TypeClosing.None, execute, isKernel: true);
        ParameterModel[] parameters = [.. constructor.Parameters.Select(parameter => Parameter(parameter, body))];
        SyntaxNode syntax = execute.DeclaringSyntaxReferences[0].GetSyntax(_context.Cancellation);
        Statement[] statements = body.Analyze(syntax);
        StepsCode? steps = body.HasBarriers ? new StepsWriter(_context, _type).Write((MethodDeclarationSyntax)syntax) : null;

        var header = new KernelHeader(_type.ContainingNamespace.ToDisplayString(), _type.Name, parameters.ToEquatable(), shape, isInPlace);
        EquatableArray<DiagnosticInfo> found = diagnostics.InSourceOrder();
        // Of a kernel with errors there is still the interface, so that the errors are not drowned in those of its users.
        if (diagnostics.Count > 0) return new(isWellFormed ? header : null, null, null, found);
        var kernel = new KernelModel(header, _context.Types.Structs.ToEquatable(), _context.Functions.Models.ToEquatable(), statements.ToEquatable(), body.HasBarriers);
        return new(header, kernel, HasErrors(syntax) ? null : steps, found);
    }

    // The copy of a body that is not C# would repeat each error at a second place.
    private bool HasErrors(SyntaxNode syntax) =>
        _context.ModelOf(syntax.SyntaxTree).GetDiagnostics(syntax.Span, _context.Cancellation).Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error && diagnostic.Id != "CS0535");

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
        if (!_type.GetMembers("GroupShape").Any(member => member is IPropertySymbol { DeclaredAccessibility: Accessibility.Public }))
        {
            _context.Diagnostics.Report(Rules.GroupShape, at, _type.Name);
            return new(1, 1, 1);
        }
        return null;
    }

    private ParameterModel Parameter(IParameterSymbol parameter, BodyAnalyzer body)
    {
        SyntaxNode at = parameter.DeclaringSyntaxReferences[0].GetSyntax(_context.Cancellation);
        ITypeSymbol type = parameter.Type;
        if (KernelLanguage.Has(parameter, "SpecializationAttribute"))
        {
            if (TypeMapper.ScalarOf(type) is Scalar.Int or Scalar.UInt or Scalar.Float or Scalar.Bool
                || type.TypeKind == TypeKind.Enum && TypeMapper.ScalarOf(type) is not (Scalar.Long or Scalar.ULong))
            {
                string hostType = (type is INamedTypeSymbol { EnumUnderlyingType: { } underlying } ? underlying : type).ToDisplayString();
                return new(parameter.Name, _context.Types.Map(type, at), true, hostType);
            }
            _context.Diagnostics.Report(Rules.SpecializationType, at, parameter.Name, type.ToDisplayString());
            return new(parameter.Name, DeviceType.Int, true, "int");
        }
        if (KernelLanguage.IsView(type))
        {
            DeviceType element = _context.Types.Map(((INamedTypeSymbol)type).TypeArguments[0], at);
            if (element.Scalar is Scalar.Bool) ReportArgument(parameter, at, "bool has no defined size on a device; use byte");
            var view = new PointerType(element, Space.Global, KernelLanguage.IsReadOnlyView(type));
            body.DeclareView(parameter, view);
            return new(parameter.Name, view, false, "");
        }
        if (parameter.RefKind != RefKind.None) _context.Diagnostics.Report(Rules.References, at, at.ToString());
        if (Unfit(type) is { } reason)
        {
            ReportArgument(parameter, at, reason);
            return new(parameter.Name, DeviceType.Int, false, "");
        }
        return new(parameter.Name, _context.Types.Map(type, at), false, "");
    }

    private void ReportArgument(IParameterSymbol parameter, SyntaxNode at, string reason) => _context.Diagnostics.Report(Rules.ArgumentType, at, parameter.Name, reason);

    /// <summary>Why a value cannot be handed over by copying its bytes, or null.</summary>
    private static string? Unfit(ITypeSymbol type)
    {
        if (TypeMapper.ScalarOf(type) is { } scalar)
        {
            if (scalar == Scalar.Bool) return "bool has no defined size on a device; use int, or a specialization constant";
            if (scalar.IsVector()) return $"'{type.Name}' is aligned differently there; use floats";
            return null;
        }
        if (type.SpecialType == SpecialType.System_Char) return "a device has no characters; use ushort";
        if (KernelLanguage.IsView(type)) return "a view within a struct is a pointer within a struct, which OpenCL 1.2 forbids; make it an argument of its own";
        if (KernelLanguage.IsStruct(type)) return null;
        if (type is not INamedTypeSymbol { TypeKind: TypeKind.Struct, IsTupleType: false, DeclaringSyntaxReferences.Length: > 0 } structure)
            return $"'{type.ToDisplayString()}' is not a view, a number, or a struct of numbers declared in this project";
        AttributeData? layout = structure.GetAttributes().FirstOrDefault(data => data.AttributeClass?.Name == "StructLayoutAttribute");
        bool isSequential = layout is null || System.Convert.ToInt32(layout.ConstructorArguments[0].Value, System.Globalization.CultureInfo.InvariantCulture) == 0 && layout.NamedArguments.IsEmpty;
        if (!isSequential) return $"the layout of '{type.Name}' is not C's";
        if (!TypeMapper.FieldsOf(structure).Any()) return $"'{type.Name}' has no fields";
        return TypeMapper.FieldsOf(structure).Select(field => Unfit(field.Field.Type) is { } reason ? $"in its field '{field.Name}', {reason}" : null).FirstOrDefault(reason => reason is not null);
    }
}
