using System.Reflection;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Diagnostics;

/// <summary>Everything that the compiler refuses, each with a suggestion.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor Declaration = Rule(
        "GCNN001", "Shape of a kernel",
        "The kernel '{0}' must be a 'readonly partial struct' in a namespace, not nested in a type, with at most one type parameter");

    public static readonly DiagnosticDescriptor Constructor = Rule(
        "GCNN002", "Arguments of a kernel", "The kernel '{0}' needs a primary constructor: its parameters are the kernel's arguments");

    public static readonly DiagnosticDescriptor Execute = Rule(
        "GCNN003", "Body of a kernel", "The kernel '{0}' needs 'public void Execute()' without parameters: the body for one thread");

    public static readonly DiagnosticDescriptor GroupShape = Rule(
        "GCNN004", "Threads of a group",
        "The kernel '{0}' needs a group size: positive numbers as in [Kernel(256)], or a property 'public Size3 GroupShape'");

    public static readonly DiagnosticDescriptor ArgumentType = Rule(
        "GCNN005", "Type of an argument", "The argument '{0}' cannot be passed to a kernel: {1}");

    public static readonly DiagnosticDescriptor SpecializationType = Rule(
        "GCNN006", "Type of a specialization constant",
            "The specialization constant '{0}' must be an int, a uint, a float, a Flag or an enum, but is '{1}'");

    public static readonly DiagnosticDescriptor UnknownType = Rule(
        "GCNN007", "Type in a kernel", "The type '{0}' does not exist on a device");

    public static readonly DiagnosticDescriptor Expression = Rule(
        "GCNN008", "Expression in a kernel", "The expression '{0}' ({1}) cannot run on a device");

    public static readonly DiagnosticDescriptor Statement = Rule(
        "GCNN009", "Statement in a kernel", "The statement '{0}' ({1}) cannot run on a device");

    public static readonly DiagnosticDescriptor Exceptions = Rule(
        "GCNN010", "Exceptions in a kernel", "A device has no exceptions: '{0}' cannot be translated; check arguments before the launch");

    public static readonly DiagnosticDescriptor Functions = Rule(
        "GCNN011", "Functions as values in a kernel", "A device has no delegates, lambdas or local functions: write a static method");

    public static readonly DiagnosticDescriptor Allocation = Rule(
        "GCNN012", "Allocation in a kernel", "A device has no heap: '{0}' cannot be allocated; use Shared.Array or Local.Array");

    public static readonly DiagnosticDescriptor StaticField = Rule(
        "GCNN013", "Static field in a kernel", "The static '{0}' cannot be read on a device: make it a const, or an argument");

    public static readonly DiagnosticDescriptor InstanceMember = Rule(
        "GCNN014", "Instance member in a kernel",
        "The instance member '{0}' cannot be used on a device: write a static method that takes what it needs as arguments, " +
        "or a readonly member of a data struct");

    public static readonly DiagnosticDescriptor Checked = Rule(
        "GCNN015", "Checked arithmetic in a kernel",
        "A device does not check for overflow: write 'unchecked', or turn CheckForOverflowUnderflow off");

    public static readonly DiagnosticDescriptor Recursion = Rule(
        "GCNN016", "Recursion in a kernel", "'{0}' calls itself, which a device cannot: write a loop");

    public static readonly DiagnosticDescriptor NoSource = Rule(
        "GCNN017", "Method without source in a kernel",
        "'{0}' is not a function of the kernel language, and its source is not in this project");

    public static readonly DiagnosticDescriptor LibraryMath = Rule(
        "GCNN018", "Library function in a kernel", "'{0}' is not known on a device: use '{1}'");

    public static readonly DiagnosticDescriptor References = Rule(
        "GCNN019", "Reference in a kernel",
        "'{0}' is a reference or a pointer, which kernels cannot use: pass a view and an index, or return a tuple");

    public static readonly DiagnosticDescriptor ArrayLength = Rule(
        "GCNN020", "Length of an array in a kernel",
        "The length '{0}' must be known when the kernel is compiled: use a constant, a specialization constant or GroupSize");

    public static readonly DiagnosticDescriptor ArrayPlace = Rule(
        "GCNN021", "Place of an array in a kernel",
        "A shared or local array must be a variable of its own at the outermost level of Execute: declare it there and pass it to helpers");

    public static readonly DiagnosticDescriptor ViewSpace = Rule(
        "GCNN022", "Memory of a view in a kernel",
        "The memory that '{0}' points to is unknown: start from an argument, an array or a slice of one");

    public static readonly DiagnosticDescriptor ViewAssignment = Rule(
        "GCNN023", "Assignment of a view in a kernel", "The view '{0}' cannot be reassigned: declare another variable");

    public static readonly DiagnosticDescriptor NestedAssignment = Rule(
        "GCNN024", "Assignment within an expression",
        "'{0}' changes a variable within an expression, and C leaves the order of evaluation open: make it a statement");

    public static readonly DiagnosticDescriptor NestedEffect = Rule(
        "GCNN025", "Side effect within an expression",
        "'{0}' writes memory or waits, and C leaves the order of evaluation open: assign its result to a variable first");

    public static readonly DiagnosticDescriptor LanguageMember = Rule(
        "GCNN026", "Member of the kernel language", "'{0}' is for C# code around kernels and does not exist on a device{1}");

    public static readonly DiagnosticDescriptor BarrierPlace = Rule(
        "GCNN027", "Place of a barrier",
        "'{0}' waits for other threads: its call must be a statement, or the whole value of a declaration or an assignment");

    public static readonly DiagnosticDescriptor Pattern = Rule(
        "GCNN028", "Pattern in a kernel",
        "The pattern '{0}' cannot be translated: use constants, comparisons, 'and', 'or' and 'not', and match a variable " +
        "if it is compared more than once");

    public static readonly DiagnosticDescriptor Unroll = Rule(
        "GCNN029", "Nothing to unroll", "'{0}' is marked [Unroll] but has no 'for' loop from a constant to a constant");

    public static readonly DiagnosticDescriptor SectionVariable = Rule(
        "GCNN030", "Variable of another switch section",
        "'{0}' is declared in another section of the switch: declare it before the switch");

    public static readonly DiagnosticDescriptor BarrierHelper = Rule(
        "GCNN031", "Access from a helper with a barrier",
        "'{0}' is used by '{1}', which waits at a barrier and is copied into its kernels: make '{0}' internal or public");

    public static readonly DiagnosticDescriptor Text = Rule(
        "GCNN032", "Text in a kernel", "A device has no characters or strings: {0}");

    public static readonly DiagnosticDescriptor StructConstructor = Rule(
        "GCNN033", "Struct constructor in a kernel",
        "'{0}' cannot be constructed on a device: use a tuple, a vector or a struct of this project, " +
        "with a constructor or an initializer that sets fields");

    public static readonly DiagnosticDescriptor TypeParameter = Rule(
        "GCNN035", "Type parameter of a kernel",
        "The type parameter '{0}' of '{1}' stands for every struct that implements an interface: " +
        "constrain it, as in 'where {0} : unmanaged, IFunction'");

    public static readonly DiagnosticDescriptor NoTypeArgument = Rule(
        "GCNN036", "No struct for a type parameter of a kernel",
        "'{0}' is compiled for every struct in this project that implements {1} and has neither type parameters " +
        "nor references, but there is none");

    public static readonly DiagnosticDescriptor CudaSpelling = Rule(
        "GCNN037", "Spelling of a CUDA function",
        "The spelling '{1}' of '{0}' does not match its {2} parameters: refer to each by its number in braces, from 0");

    public static readonly DiagnosticDescriptor Dispatch = Rule(
        "GCNN038", "Member marked [Dispatched]", "'{0}' cannot be called for a struct whose type is known at run time: {1}");

    // From here on: what ILGPU 1.5.3 silently computes differently from C#. Tests/Compiler/Ilgpu shows each of its results next to the
    // correct one.
    public static readonly DiagnosticDescriptor SignedDivision = Rule(
        "GCNN040", "Division of what may be negative",
        "'{0}' may be negative{1}, and ILGPU divides by a power of two with a shift, which rounds down: " +
        "write '>>', a Divisor, or KernelMath.Max({0}, 0)");

    public static readonly DiagnosticDescriptor UnsignedDivision = Rule(
        "GCNN041", "Division of what may use its highest bit",
            "'{0}' may use its highest bit, and ILGPU divides by a power of two with a shift that takes it for a sign: write '>>'");

    public static readonly DiagnosticDescriptor NegatedComparison = Rule(
        "GCNN042", "Negated comparison of floats",
        "'{0}' differs from the opposite comparison only for NaN, which ILGPU's OpenCL loses: " +
        "write the opposite comparison, with KernelMath.IsNaN where NaN matters");

    public static readonly DiagnosticDescriptor ConstantLeft = Rule(
        "GCNN043", "Constant on the left of a comparison of floats",
            "ILGPU swaps the sides of '{0}' and makes it true if the other side is NaN: write the constant on the right");

    public static readonly DiagnosticDescriptor Truth = Rule(
        "GCNN044", "Choice of 1 and 0 as a number",
            "'{0}' is 1 or 0, which ILGPU takes for a bool {1}: choose between the final values, as in 'c ? 1f : 0f' or 'c ? -1 : 0'");

    public static readonly DiagnosticDescriptor Conversion = Rule(
        "GCNN045", "Conversion in a kernel", "ILGPU skips a step of the conversion of '{0}' from '{1}' to '{2}': {3}");

    public static readonly DiagnosticDescriptor Reassociation = Rule(
        "GCNN046", "Constants in a float expression", "ILGPU computes '{0}' differently: it {1}");

    public static readonly DiagnosticDescriptor UnrolledJump = Rule(
        "GCNN047", "Jump in an unrolled loop",
            "'{0}' jumps within an unrolled loop, which has a single way around and a single way out: put the code to skip into an 'if'");

    public static readonly DiagnosticDescriptor MemoryKind = Rule(
        "GCNN048", "Kind of memory of an instruction", "'{0}' must be {1} or a slice of one, because the instruction has no other memory");

    public static readonly DiagnosticDescriptor PendingCopies = Rule(
        "GCNN049", "Number of pending copies",
        "The number '{0}' must be known when the kernel is compiled: use a constant or a specialization constant");

    public static IReadOnlyDictionary<string, DiagnosticDescriptor> ById { get; } =
        typeof(Rules).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (DiagnosticDescriptor)field.GetValue(null)).ToDictionary(rule => rule.Id);

    private static DiagnosticDescriptor Rule(string id, string title, string message) =>
        new(id, title, message, "GpuCnn.Kernels", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
