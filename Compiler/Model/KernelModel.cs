namespace GpuCnn.Compiler.Model;

/// <summary>
/// A kernel independent of any dialect: types constructed, address spaces known, conversions explicit, unrolling decided. It holds only
/// values, so that two models of the same kernel are equal.
/// </summary>
/// <param name="Header">For a generic kernel, bears the name of the text for the type used here.</param>
internal sealed record KernelModel(
    KernelHeader Header,
    EquatableArray<StructModel> Structs,
    EquatableArray<FunctionModel> Functions,
    EquatableArray<Statement> Body,
    bool HasBarriers,
    bool IsCudaOnly,
    bool NeedsCudaC);

/// <summary>A kernel's declaration.</summary>
/// <param name="Summary">First sentence of the documentation.</param>
/// <param name="GroupShape">The attribute's numbers, or null if the struct has a property of its own.</param>
/// <param name="HasSharedBytes">
/// Whether the struct says how many bytes its shared arrays take, so that the launch gives the memory.
/// </param>
internal sealed record KernelHeader(
    string Namespace, string Name, EquatableArray<ParameterModel> Parameters, GroupShapeModel? GroupShape, bool InPlace, string Summary,
    bool HasSharedBytes);

internal sealed record GroupShapeModel(int X, int Y, int Z);

/// <param name="HostType">The C# type that passes a specialization constant; for an enum, its underlying type.</param>
internal sealed record ParameterModel(string Name, DeviceType Type, bool IsSpecialization, string HostType);

/// <summary>A struct or a tuple.</summary>
internal sealed record StructModel(string Name, EquatableArray<FieldModel> Fields);

internal sealed record FieldModel(string Name, DeviceType Type);

/// <summary>A helper: one per method, constructed types and address spaces.</summary>
internal sealed record FunctionModel(string Name, DeviceType ReturnType, EquatableArray<FieldModel> Parameters,
    EquatableArray<Statement> Body);
