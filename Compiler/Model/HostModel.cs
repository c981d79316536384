namespace GpuCnn.Compiler.Model;

/// <summary>The input of the host code writer.</summary>
/// <param name="Header">Bears the struct's own name.</param>
/// <param name="Steps">C# of the members that stop at barriers, or null if there are none.</param>
/// <param name="Generic">Null for a kernel without a type parameter.</param>
internal sealed record HostModel(KernelHeader Header, StepsCode? Steps, GenericModel? Generic);

/// <summary>C# members that run a body up to its next barrier.</summary>
/// <param name="Usings">The namespaces whose extension methods they call.</param>
internal sealed record StepsCode(EquatableArray<string> Usings, string Members);

/// <summary>A kernel that is compiled once for each struct that its type parameter can stand for.</summary>
/// <param name="Interface">The interfaces that those structs implement, for messages.</param>
internal sealed record GenericModel(string TypeParameter, string Interface, EquatableArray<InstanceModel> Instances);

/// <param name="Type">The full C# name of the struct.</param>
/// <param name="Name">The kernel's name followed by the struct's.</param>
/// <param name="Absent">Arguments that are not passed, because the struct has no fields.</param>
internal sealed record InstanceModel(string Type, string Name, EquatableArray<string> Absent);
