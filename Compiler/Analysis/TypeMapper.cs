using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Maps C# types to device types; collects the structs in use, nested ones first.</summary>
internal sealed class TypeMapper(NameAllocator names, DiagnosticBag diagnostics)
{
    private readonly Dictionary<string, DeviceType> _structs = new(StringComparer.Ordinal);
    private readonly List<StructModel> _models = [];

    public IReadOnlyList<StructModel> Structs => _models;

    /// <summary>The device type; reports at <paramref name="at"/> and returns int if there is none.</summary>
    public DeviceType Map(ITypeSymbol type, SyntaxNode at)
    {
        if (TryMap(type, at) is { } mapped) return mapped;
        if (type.TypeKind == TypeKind.Error) return DeviceType.Int;
        if (type.SpecialType is SpecialType.System_String or SpecialType.System_Char)
            diagnostics.Report(Rules.Text, at, $"'{type.ToDisplayString()}' does not exist there");
        else if (type.TypeKind is TypeKind.Pointer or TypeKind.FunctionPointer)
            diagnostics.Report(Rules.References, at, type.ToDisplayString());
        else
            diagnostics.Report(Rules.UnknownType, at, type.ToDisplayString());
        return DeviceType.Int;
    }

    /// <summary>The device type of something that must have a size: the element of a view or an array, the result of a helper.</summary>
    public DeviceType MapPresent(ITypeSymbol type, SyntaxNode at)
    {
        DeviceType mapped = Map(type, at);
        if (mapped is not EmptyType) return mapped;
        diagnostics.Report(Rules.UnknownType, at, type.ToDisplayString());
        return DeviceType.Int;
    }

    /// <summary>A struct's fields with their names on devices.</summary>
    public static IEnumerable<(IFieldSymbol Field, string Name)> FieldsOf(INamedTypeSymbol type) => type.IsTupleType
        ? type.TupleElements.Select((field, i) => (field, "Item" + (i + 1)))
        : type.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic).Select(field => (field, NameOf(field)));

    /// <summary>
    /// The property's name for its backing field, and the parameter's for the field "&lt;x&gt;P" that holds a primary constructor's
    /// parameter.
    /// </summary>
    private static string NameOf(IFieldSymbol field)
    {
        string name = (field.AssociatedSymbol ?? field).Name;
        return NameAllocator.Ascii(name[0] == '<' ? name.Substring(1, name.IndexOf('>') - 1) : name);
    }

    public static Scalar? ScalarOf(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Void => Scalar.Void,
        SpecialType.System_Boolean => Scalar.Bool,
        SpecialType.System_SByte => Scalar.SByte,
        SpecialType.System_Byte => Scalar.Byte,
        SpecialType.System_Int16 => Scalar.Short,
        SpecialType.System_UInt16 => Scalar.UShort,
        SpecialType.System_Int32 => Scalar.Int,
        SpecialType.System_UInt32 => Scalar.UInt,
        SpecialType.System_Int64 => Scalar.Long,
        SpecialType.System_UInt64 => Scalar.ULong,
        SpecialType.System_Single => Scalar.Float,
        SpecialType.System_Double => Scalar.Double,
        _ when type is INamedTypeSymbol { EnumUnderlyingType: { } underlying } => ScalarOf(underlying),
        _ when KernelLanguage.Declares(type) => type.Name switch
        {
            "Flag" => Scalar.Bool,
            "Float2" => Scalar.Float2,
            "Float4" => Scalar.Float4,
            "Float16" => Scalar.Float16,
            "BFloat16" => Scalar.BFloat16,
            _ => null,
        },
        _ => null,
    };

    private DeviceType? TryMap(ITypeSymbol type, SyntaxNode at)
    {
        if (ScalarOf(type) is { } scalar) return new ScalarType(scalar);
        if (KernelLanguage.IsStruct(type)) return Struct((INamedTypeSymbol)type, at);
        bool isStruct = type is { TypeKind: TypeKind.Struct, SpecialType: SpecialType.None, IsRefLikeType: false }
            && !KernelLanguage.Declares(type)
            && type.OriginalDefinition.SpecialType != SpecialType.System_Nullable_T;
        if (!isStruct || type is not INamedTypeSymbol named || HasOwnLayout(named)) return null;
        // Structs of the base library, except tuples, have no equivalent in C.
        return named.IsTupleType || named.DeclaringSyntaxReferences.Length > 0 || IsOfKernels(named) ? Struct(named, at) : null;
    }

    /// <summary>
    /// Whether a struct is one that the library's kernels share with those of other projects, such as the numbers of a step: all of its
    /// fields are public.
    /// </summary>
    private static bool IsOfKernels(INamedTypeSymbol type) => type.ContainingAssembly?.Name == KernelLanguage.Assembly
        && FieldsOf(type).All(field => field.Field.DeclaredAccessibility == Accessibility.Public);

    /// <summary>Whether fields may overlap, which a C struct cannot express.</summary>
    private static bool HasOwnLayout(INamedTypeSymbol type) =>
        type.GetAttributes().Any(data => data.AttributeClass?.Name == "StructLayoutAttribute"
        && data.ConstructorArguments.FirstOrDefault().Value is (int)System.Runtime.InteropServices.LayoutKind.Explicit);

    private DeviceType Struct(INamedTypeSymbol type, SyntaxNode at)
    {
        string key = type.IsTupleType
            ? "(" + string.Join(", ", type.TupleElements.Select(element => element.Type.ToDisplayString())) + ")"
            : type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
        if (_structs.TryGetValue(key, out DeviceType? known)) return known;
        FieldModel[] fields =
            [.. FieldsOf(type).Select(field => new FieldModel(field.Name, Map(field.Field.Type, at)))
            .Where(field => field.Type is not EmptyType)];
        if (fields.Length == 0) return _structs[key] = EmptyType.Instance;
        string name = type.IsTupleType ? "Tuple" : string.Join("_", Around(type).Reverse().Append(type).Select(part => part.Name));
        IEnumerable<ITypeSymbol> arguments = type.IsTupleType ? type.TupleElements.Select(element => element.Type) : type.TypeArguments;
        var mapped = new StructType(names.Unique(string.Join("_", arguments.Select(argument => argument.Name).Prepend(name))));
        _structs.Add(key, mapped);
        _models.Add(new(mapped.Name, fields.ToEquatable()));
        return mapped;
    }

    private static IEnumerable<INamedTypeSymbol> Around(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? around = type.ContainingType; around is not null; around = around.ContainingType) yield return around;
    }
}
