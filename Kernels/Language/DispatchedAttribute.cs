namespace GpuCnn.Kernels.Language;

/// <summary>
/// Marks generic code whose one type parameter stands for every struct that implements an interface. The compiler adds a method that takes
/// such a struct as a value of the interface and calls the generic code for the struct's own type.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>A method gets an overload.</item>
/// <item>A class gets <c>Of</c> in a static class of its name: the constructor, with the first interface of the class as the result.</item>
/// <item>A kernel gets <c>Launch</c> in a static class of its name. It takes the launches, the arguments of the constructor and, unless the
/// kernel is an <see cref="IKernelGrid"/>, the number of groups.</item>
/// </list>
/// A <c>switch</c> knows the structs of the project. Those of other assemblies are closed by reflection, once for each type.
/// </remarks>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Class | AttributeTargets.Struct)]
public sealed class DispatchedAttribute : Attribute;
