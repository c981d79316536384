using GpuCnn.Compiler.Diagnostics;
using GpuCnn.Compiler.Model;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace GpuCnn.Compiler.Analysis;

/// <summary>
/// Translates one body, operation by operation, into the kernel model. Reports each operation that it does not know at its own place and
/// goes on, so that one build shows all errors.
/// </summary>
internal sealed partial class BodyAnalyzer(KernelContext context, TypeClosing closing, IMethodSymbol method, bool isKernel)
    : OperationVisitor<object?, Expression>
{
    private readonly bool _unrolls = KernelLanguage.Has(method, "UnrollAttribute");
    private readonly Dictionary<ISymbol, PointerType> _views = new(SymbolEqualityComparer.Default);
    private readonly HashSet<ISymbol> _outOfScope = new(SymbolEqualityComparer.Default);

    // The statements of the innermost block.
    private List<Statement> _statements = [];
    private int _depth;
    private int _temporaries;
    private bool _hasUnrolled;
    private bool _isLoopHead;

    // The struct that owns this method or property, passed by value.
    private Variable? _self;

    // The call whose effects happen in order where it stands, because nothing else is computed next to it.
    private IOperation? _orderedCall;
    private IOperation? _orderedBarrier;

    /// <summary>Begins with a capital letter, as no parameter does.</summary>
    public const string SelfName = "This";

    /// <summary>Whether the body writes memory that others see, or waits.</summary>
    public bool HasEffects { get; private set; }

    public bool HasBarriers { get; private set; }

    public void DeclareSelf(DeviceType type) => _self = new(type, SelfName);

    public void DeclareView(ISymbol parameter, PointerType type) => _views[parameter] = type;

    public Statement[] Analyze(SyntaxNode declaration)
    {
        IOperation? root = context.ModelOf(declaration.SyntaxTree).GetOperation(declaration, context.Cancellation);
        BeginBody(root);
        IBlockOperation? block = root switch
        {
            IMethodBodyOperation body => body.BlockBody ?? body.ExpressionBody,
            // The body of a property that is one expression.
            IBlockOperation expression => expression,
            _ => null,
        };
        if (block is not null)
        {
            foreach (IOperation operation in block.Operations) Statement(operation);
        }
        else
        {
            context.Diagnostics.Report(Rules.NoSource, declaration, method.Name);
        }
        if (_unrolls && !_hasUnrolled) Report(Rules.Unroll, method.Locations[0], method.Name);
        return [.. _statements];
    }

    private void Report(DiagnosticDescriptor rule, IOperation at, params string[] arguments) =>
        context.Diagnostics.Report(rule, at.Syntax, arguments);

    private void Report(DiagnosticDescriptor rule, Location at, params string[] arguments) =>
        context.Diagnostics.Report(rule, at, arguments);

    private DeviceType TypeOf(IOperation operation) =>
        operation.Type is { } type ? context.Types.Map(closing.Close(type), operation.Syntax) : DeviceType.Int;

    /// <summary>Placeholder for what could not be translated and has been reported.</summary>
    private static Literal Nothing { get; } = new(DeviceType.Int, 0);

    private static string Excerpt(IOperation operation)
    {
        string text = operation.Syntax.ToString().Split('\n')[0].Trim();
        return text.Length > 40 ? text.Substring(0, 40) + "…" : text;
    }

    private static IOperation Unwrap(IOperation operation)
    {
        while (operation is IConversionOperation { OperatorMethod: null } conversion) operation = conversion.Operand;
        return operation;
    }

    /// <summary>Reports an operation by its kind, and looks for more errors within it where they do not follow from the first.</summary>
    private Expression Unsupported(IOperation operation, bool isStatement = false)
    {
        switch (operation)
        {
            case IInvalidOperation:
                // The C# compiler reports the error.
                return Nothing;
            case IThrowOperation:
                Report(Rules.Exceptions, operation, Excerpt(operation));
                return Nothing;
            case ITryOperation attempt:
                Report(Rules.Exceptions, operation, "try");
                Statement(attempt.Body);
                return Nothing;
            case IAnonymousFunctionOperation or IDelegateCreationOperation or ILocalFunctionOperation or IMethodReferenceOperation:
                Report(Rules.Functions, operation);
                return Nothing;
            case IObjectCreationOperation { Type.IsReferenceType: true } or IArrayCreationOperation
                or IAnonymousObjectCreationOperation or ICollectionExpressionOperation:
                Report(Rules.Allocation, operation, Excerpt(operation));
                return Nothing;
            case IInterpolatedStringOperation:
                Report(Rules.Text, operation, Excerpt(operation));
                return Nothing;
            case IAddressOfOperation:
                Report(Rules.References, operation, Excerpt(operation));
                return Nothing;
            case IIsPatternOperation or IPatternOperation:
                Report(Rules.Pattern, operation, Excerpt(operation));
                return Nothing;
            case ILoopOperation loop:
                Report(Rules.Statement, operation, Excerpt(operation), "foreach");
                Statement(loop.Body);
                return Nothing;
            case var _ when operation.Descendants().Any(inner => inner is IInvalidOperation):
                return Nothing;
            default:
                if (operation.Type?.TypeKind != TypeKind.Error)
                    Report(isStatement ? Rules.Statement : Rules.Expression, operation, Excerpt(operation), operation.Kind.ToString());
                foreach (IOperation child in operation.ChildOperations)
                {
                    if (child is IBlockOperation) Statement(child);
                    else if (child.Type is { SpecialType: not SpecialType.System_Void }) Value(child);
                }
                return Nothing;
        }
    }
}
