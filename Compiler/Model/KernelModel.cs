namespace GpuCnn.Compiler.Model;

/// <summary>
/// A kernel as no dialect in particular has it: types closed, address spaces known, conversions explicit, unrolling decided. It holds values only, so that two models of the same kernel are equal.
/// </summary>
/// <param name="Header">Of a generic kernel, with the name that its text has for the one type that it is closed with here.</param>
internal sealed record KernelModel(
    KernelHeader Header,
    EquatableArray<StructModel> Structs,
    EquatableArray<FunctionModel> Functions,
    EquatableArray<Statement> Body,
    bool HasBarriers,
    bool IsCudaOnly);

/// <summary>The outside of a kernel.</summary>
/// <param name="Summary">What the documentation says first.</param>
/// <param name="GroupShape">The numbers of the attribute, or null where the struct has a property of its own.</param>
internal sealed record KernelHeader(
    string Namespace, string Name, EquatableArray<ParameterModel> Parameters, GroupShapeModel? GroupShape, bool InPlace, string Summary);

internal sealed record GroupShapeModel(int X, int Y, int Z);

/// <param name="HostType">The C# type that a specialization constant is passed on as: that of an enum's values.</param>
internal sealed record ParameterModel(string Name, DeviceType Type, bool IsSpecialization, string HostType);

/// <summary>A struct or a tuple.</summary>
internal sealed record StructModel(string Name, EquatableArray<FieldModel> Fields);

internal sealed record FieldModel(string Name, DeviceType Type);

/// <summary>A helper: one per method, closed types and address spaces.</summary>
internal sealed record FunctionModel(string Name, DeviceType ReturnType, EquatableArray<FieldModel> Parameters, EquatableArray<Statement> Body);
