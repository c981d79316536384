namespace GpuCnn.Compiler.Model;

/// <summary>A method that takes a struct as a value of its interface and calls generic code for the struct's own type.</summary>
/// <param name="Namespace">The namespace of the method's class.</param>
/// <param name="Container">The declaration of that class.</param>
/// <param name="ContainerName">Its name.</param>
/// <param name="Modifiers">The method's modifiers.</param>
/// <param name="Name">The method's name.</param>
/// <param name="Result">The type of its result.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Value">The name of the parameter that takes the struct.</param>
/// <param name="Call">The generic code.</param>
/// <param name="Types">The structs of the project that the type parameter can stand for.</param>
/// <param name="FileName">A name that no other generated file has.</param>
/// <param name="Summary">The first sentence of the generic code's documentation.</param>
internal sealed record DispatchModel(
    string Namespace, string Container, string ContainerName, string Modifiers, string Name, string Result,
    EquatableArray<DispatchParameter> Parameters, string Value, DispatchCall Call, EquatableArray<string> Types, string FileName,
    string Summary);

/// <param name="Default">C# of the default value, or null.</param>
/// <param name="IsForwarded">Whether the generic code has the parameter too.</param>
internal sealed record DispatchParameter(string Type, string Name, string? Default, bool IsForwarded = true);

/// <summary>Generic code and how it is called.</summary>
/// <param name="Target">The name of the method, or of the type to construct.</param>
/// <param name="TypeParameter">The name of the one type parameter.</param>
/// <param name="Interface">The interface that the type parameter implements.</param>
internal sealed record DispatchCall(DispatchKind Kind, string Target, string TypeParameter, string Interface);

internal enum DispatchKind
{
    StaticMethod,
    InstanceMethod,

    /// <summary>The constructor of a class.</summary>
    Constructor,

    /// <summary>A launch of a kernel that knows its groups.</summary>
    GridKernel,

    /// <summary>A launch of a kernel over groups that are an argument.</summary>
    Kernel,
}
