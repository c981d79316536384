using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>Recognizes the kernel language's types and members.</summary>
internal static class KernelLanguage
{
    public const string Assembly = "GpuCnn.Kernels", Namespace = Assembly + ".Language";

    public const string KernelAttribute = Namespace + ".KernelAttribute", DispatchedAttribute = Namespace + ".DispatchedAttribute";

    public static bool Declares(ISymbol symbol) => symbol.ContainingNamespace?.ToDisplayString() == Namespace;

    /// <summary>Whether a type is a run of elements, which is a pointer on devices.</summary>
    public static bool IsView(ITypeSymbol type) => type is { Name: "View" or "ReadOnlyView" or "Registers" } && Declares(type);

    public static bool IsRegisters(ITypeSymbol type) => type.Name == "Registers" && Declares(type);

    public static bool IsFlag(ITypeSymbol type) => type.Name == "Flag" && Declares(type);

    public static bool IsReadOnlyView(ITypeSymbol type) => type.Name == "ReadOnlyView" && Declares(type);

    /// <summary>
    /// Whether a type is a struct of the language that stays a struct on devices. Its methods are functions of the language.
    /// </summary>
    public static bool IsStruct(ITypeSymbol type) => type.Name == "Divisor" && Declares(type);

    public static bool IsBarrier(IMethodSymbol method) =>
        method is { Name: "Barrier", ContainingType.Name: "Group" } && Declares(method.ContainingType);

    /// <summary>Whether the threads of a warp compute a function together.</summary>
    public static bool IsCollective(IMethodSymbol method) => Declares(method.ContainingType) && method.ContainingType.Name switch
    {
        "Warp" => method.Name.StartsWith("Shuffle", StringComparison.Ordinal),
        "MatrixUnit" => method.Name.StartsWith("Multiply", StringComparison.Ordinal)
            || method.Name.StartsWith("Load", StringComparison.Ordinal),
        _ => false,
    };

    public static bool IsArray(IMethodSymbol method) =>
        method is { Name: "Array", ContainingType.Name: "Shared" or "Local" } && Declares(method.ContainingType);

    /// <summary>The CUDA C spelling of a function that OpenCL does not have; null for other methods.</summary>
    public static string? CudaSpelling(IMethodSymbol method) =>
        method.GetAttributes()
            .FirstOrDefault(data => data.AttributeClass is { Name: "CudaFunctionAttribute" } type
            && Declares(type))?.ConstructorArguments[0].Value as string;

    public static bool Has(ISymbol symbol, string attribute) =>
        symbol.GetAttributes().Any(data => data.AttributeClass is { } type && type.Name == attribute && Declares(type));
}
